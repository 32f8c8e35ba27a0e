package keystone

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"gopkg.in/yaml.v2"
)

// Cloud is an entry of clouds.yaml, as far as it matters to a Client.
type Cloud struct {
	Auth gophercloud.AuthOptions
	// CACertFile, ClientCertFile and ClientKeyFile are the entry's cacert, cert and key; Insecure is verify: false.
	CACertFile, ClientCertFile, ClientKeyFile string
	Insecure                                  bool
}

// ReadCloud reads the entry name of clouds.yaml, with what secure.yaml beside it adds. file is the path of clouds.yaml;
// empty: OS_CLIENT_CONFIG_FILE, else ./, ~/.config/openstack/ and /etc/openstack/, as the openstack command looks for it.
func ReadCloud(name, file string) (Cloud, error) {
	file, err := findClouds(file)
	if err != nil {
		return Cloud{}, err
	}
	auth, _, _, err := clouds.Parse(clouds.WithCloudName(name), clouds.WithLocations(file))
	if err != nil {
		return Cloud{}, fmt.Errorf("%s: %w", file, err)
	}
	if auth.IdentityEndpoint == "" {
		return Cloud{}, fmt.Errorf("%s: cloud %q has no auth.auth_url", file, name)
	}
	// The parser gives a *tls.Config, which the Collector's HTTP client cannot take: read the paths again.
	text, err := os.ReadFile(file)
	if err != nil {
		return Cloud{}, err
	}
	var entries clouds.Clouds
	if err := yaml.Unmarshal(text, &entries); err != nil {
		return Cloud{}, fmt.Errorf("%s: %w", file, err)
	}
	entry := entries.Clouds[name]
	return Cloud{
		Auth:           auth,
		CACertFile:     expandHome(entry.CACertFile),
		ClientCertFile: expandHome(entry.ClientCertFile),
		ClientKeyFile:  expandHome(entry.ClientKeyFile),
		Insecure:       entry.Verify != nil && !*entry.Verify,
	}, nil
}

func findClouds(file string) (string, error) {
	if file = cmp.Or(file, os.Getenv("OS_CLIENT_CONFIG_FILE")); file != "" {
		_, err := os.Stat(file)
		return file, err
	}
	places := []string{"clouds.yaml"}
	if dir, err := os.UserConfigDir(); err == nil {
		places = append(places, filepath.Join(dir, "openstack", "clouds.yaml"))
	}
	places = append(places, "/etc/openstack/clouds.yaml")
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("no clouds.yaml at %s", strings.Join(places, ", "))
}

func expandHome(path string) string {
	if rest, found := strings.CutPrefix(path, "~/"); found {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}
