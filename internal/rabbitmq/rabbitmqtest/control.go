package rabbitmqtest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
)

// StopApp stops the broker within the Erlang machine, as a planned restart does: transient exchanges and queues are gone
// afterwards, connections end.
func (n *Node) StopApp(ctx context.Context) error {
	_, err := n.Ctl(ctx, "stop_app")
	return err
}

// StartApp starts the broker that StopApp stopped and waits until it takes connections.
func (n *Node) StartApp(ctx context.Context) error {
	if _, err := n.Ctl(ctx, "start_app"); err != nil {
		return err
	}
	return n.waitUntilUp(ctx)
}

// AddVirtualHost creates a virtual host and gives the administrator of URL all permissions in it.
func (n *Node) AddVirtualHost(ctx context.Context, virtualHost string) error {
	if _, err := n.Ctl(ctx, "add_vhost", virtualHost); err != nil {
		return err
	}
	return n.SetPermissions(ctx, "guest", virtualHost, Permissions{".*", ".*", ".*"})
}

// AddVirtualHosts is AddVirtualHost for many, in one call of the tool.
func (n *Node) AddVirtualHosts(ctx context.Context, virtualHosts ...string) error {
	type object map[string]any
	var hosts, permissions []object
	for _, host := range virtualHosts {
		hosts = append(hosts, object{"name": host})
		permissions = append(permissions, object{"user": "guest", "vhost": host, "configure": ".*", "write": ".*", "read": ".*"})
	}
	definitions, err := json.Marshal(object{"vhosts": hosts, "permissions": permissions})
	if err != nil {
		return err
	}
	file := filepath.Join(n.directory, "virtual-hosts.json")
	if err := os.WriteFile(file, definitions, 0o600); err != nil {
		return err
	}
	_, err = n.Ctl(ctx, "import_definitions", file)
	return err
}

// AddUser creates a user without any permission.
func (n *Node) AddUser(ctx context.Context, user, password string) error {
	_, err := n.Ctl(ctx, "add_user", user, password)
	return err
}

// Permissions are regular expressions over names of exchanges and queues; an empty one matches nothing.
type Permissions struct {
	Configure, Write, Read string
}

// SetPermissions replaces the user's permissions in the virtual host. Open channels may go on with the former ones for a while.
func (n *Node) SetPermissions(ctx context.Context, user, virtualHost string, p Permissions) error {
	_, err := n.Ctl(ctx, "set_permissions", "--vhost", virtualHost, user, p.Configure, p.Write, p.Read)
	return err
}
