package request

import (
	"strings"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
)

// operation lets the table below do without the names of the fields.
type operation audit.Operation

// operations are the actions of the services' APIs: the members of the body of POST …/action, and words at the end of a path that are
// verbs. From the services' API references; with and without the prefix os-.
var operations = map[string]*operation{
	// nova/api/openstack/compute
	"start":                {"start", "start", "started", ""},
	"stop":                 {"stop", "stop", "stopped", ""},
	"reboot":               {"", "reboot", "rebooted", ""},
	"pause":                {"", "pause", "paused", ""},
	"unpause":              {"", "unpause", "unpaused", ""},
	"suspend":              {"", "suspend", "suspended", ""},
	"resume":               {"", "resume", "resumed", ""},
	"lock":                 {"", "lock", "locked", ""},
	"unlock":               {"", "unlock", "unlocked", ""},
	"resize":               {"", "resize", "resized", ""},
	"confirmResize":        {"", "confirm", "confirmed", "the resize of"},
	"revertResize":         {"", "revert", "reverted", "the resize of"},
	"rebuild":              {"", "rebuild", "rebuilt", ""},
	"rescue":               {"", "rescue", "rescued", ""},
	"unrescue":             {"", "unrescue", "unrescued", ""},
	"shelve":               {"", "shelve", "shelved", ""},
	"unshelve":             {"", "unshelve", "unshelved", ""},
	"shelveOffload":        {"", "offload", "offloaded", "shelved"},
	"createImage":          {"", "create", "created", "an image of"},
	"createBackup":         {"backup", "back up", "backed up", ""},
	"changePassword":       {"", "change", "changed", "the password of"},
	"getConsoleOutput":     {"read", "read", "read", "the console output of"},
	"getMKSConsole":        {"", "open", "opened", "a console of"},
	"getRDPConsole":        {"", "open", "opened", "a console of"},
	"getSPICEConsole":      {"", "open", "opened", "a console of"},
	"getSerialConsole":     {"", "open", "opened", "a console of"},
	"getVNCConsole":        {"", "open", "opened", "a console of"},
	"remote-consoles":      {"", "open", "opened", "a console of"},
	"addFixedIp":           {"", "add", "added", "a fixed IP to"},
	"removeFixedIp":        {"", "remove", "removed", "a fixed IP from"},
	"addFloatingIp":        {"", "add", "added", "a floating IP to"},
	"removeFloatingIp":     {"", "remove", "removed", "a floating IP from"},
	"addSecurityGroup":     {"", "add", "added", "a security group to"},
	"removeSecurityGroup":  {"", "remove", "removed", "a security group from"},
	"interface":            {"", "attach", "attached", "an interface to"},
	"migrate":              {"", "migrate", "migrated", ""},
	"migrateLive":          {"", "live-migrate", "live-migrated", ""},
	"evacuate":             {"", "evacuate", "evacuated", ""},
	"resetState":           {"", "reset", "reset", "the state of"},
	"resetNetwork":         {"", "reset", "reset", "the network of"},
	"injectNetworkInfo":    {"", "inject", "injected", "network information into"},
	"trigger_crash_dump":   {"", "trigger", "triggered", "a crash dump of"},
	"forceDelete":          {"delete", "force-delete", "force-deleted", ""},
	"restore":              {"restore", "restore", "restored", ""},
	"force_complete":       {"", "force", "forced", "the completion of"},
	"addTenantAccess":      {"", "grant", "granted", "a project access to"},
	"removeTenantAccess":   {"", "remove", "removed", "a project's access to"},
	"add_host":             {"", "add", "added", "a host to"},
	"remove_host":          {"", "remove", "removed", "a host from"},
	"set_metadata":         {"", "set", "set", "the metadata of"},
	"disable":              {"disable", "disable", "disabled", ""},
	"disable-log-reason":   {"disable", "disable", "disabled", ""},
	"enable":               {"enable", "enable", "enabled", ""},
	"force-down":           {"", "force down", "forced down", ""},
	"startup":              {"start", "start up", "started up", ""},
	"shutdown":             {"stop", "shut down", "shut down", ""},
	"search":               {"list", "search for", "searched for", ""},
	"associate_host":       {"", "associate", "associated", "a host with"},
	"associate_project":    {"", "associate", "associated", "a project with"},
	"disassociate_project": {"", "disassociate", "disassociated", "a project from"},

	// cinder/api/contrib, cinder/api/v3
	"attach":                    {"", "attach", "attached", ""},
	"detach":                    {"", "detach", "detached", ""},
	"force_detach":              {"", "force-detach", "force-detached", ""},
	"reserve":                   {"", "reserve", "reserved", ""},
	"unreserve":                 {"", "unreserve", "unreserved", ""},
	"begin_detaching":           {"", "begin", "began", "the detaching of"},
	"roll_detaching":            {"", "roll back", "rolled back", "the detaching of"},
	"initialize_connection":     {"", "initialize", "initialized", "a connection to"},
	"terminate_connection":      {"", "terminate", "terminated", "a connection to"},
	"extend":                    {"", "extend", "extended", ""},
	"extend_volume_completion":  {"", "complete", "completed", "the extension of"},
	"reset_status":              {"", "reset", "reset", "the status of"},
	"reset_state":               {"", "reset", "reset", "the state of"},
	"update_snapshot_status":    {"", "change", "changed", "the status of"},
	"force_delete":              {"delete", "force-delete", "force-deleted", ""},
	"migrate_volume":            {"", "migrate", "migrated", ""},
	"migrate_volume_completion": {"", "complete", "completed", "the migration of"},
	"retype":                    {"", "retype", "retyped", ""},
	"reimage":                   {"", "reimage", "reimaged", ""},
	"update_readonly_flag":      {"", "change", "changed", "the read-only flag of"},
	"set_bootable":              {"", "change", "changed", "the bootable flag of"},
	"set_image_metadata":        {"", "set", "set", "the image metadata of"},
	"unset_image_metadata":      {"", "remove", "removed", "image metadata of"},
	"show_image_metadata":       {"read", "read", "read", "the image metadata of"},
	"volume_upload_image":       {"", "upload", "uploaded", "an image of"},
	"unmanage":                  {"", "unmanage", "unmanaged", ""},
	"revert":                    {"", "revert", "reverted", ""},
	"complete":                  {"", "complete", "completed", ""},
	"accept":                    {"", "accept", "accepted", ""},
	"export_record":             {"read", "export", "exported", "the record of"},
	"import_record":             {"create", "import", "imported", "the record of"},
	"delete":                    {"delete", "delete", "deleted", ""},
	"failover_replication":      {"", "fail over", "failed over", "the replication of"},
	"enable_replication":        {"enable", "enable", "enabled", "the replication of"},
	"disable_replication":       {"disable", "disable", "disabled", "the replication of"},
	"list_replication_targets":  {"list", "list", "listed", "the replication targets of"},
	"create-from-src":           {"create", "create", "created", ""},
	"addProjectAccess":          {"", "grant", "granted", "a project access to"},
	"removeProjectAccess":       {"", "remove", "removed", "a project's access to"},
	"associate":                 {"", "associate", "associated", "a type with"},
	"disassociate":              {"", "disassociate", "disassociated", "a type from"},
	"disassociate_all":          {"", "disassociate", "disassociated", "all types from"},
	"delete_keys":               {"", "delete", "deleted", "keys of"},
	"freeze":                    {"", "freeze", "froze", ""},
	"thaw":                      {"", "thaw", "thawed", ""},
	"failover_host":             {"", "fail over", "failed over", ""},
	"create_from_src":           {"create", "create", "created", ""},
	"cleanup":                   {"", "clean up", "cleaned up", ""},
	"get-log":                   {"read", "read", "read", "the log levels of"},
	"set-log":                   {"", "set", "set", "the log levels of"},
	"update":                    {"", "update", "updated", ""},

	// manila/api/v2
	"allow_access":            {"allow", "allow", "allowed", "access to"},
	"deny_access":             {"deny", "deny", "denied", "access to"},
	"access_list":             {"list", "list", "listed", "the access rules of"},
	"shrink":                  {"", "shrink", "shrank", ""},
	"soft_delete":             {"delete", "soft-delete", "soft-deleted", ""},
	"migration_start":         {"", "start", "started", "the migration of"},
	"migration_complete":      {"", "complete", "completed", "the migration of"},
	"migration_cancel":        {"", "cancel", "cancelled", "the migration of"},
	"migration_get_progress":  {"read", "read", "read", "the migration progress of"},
	"migration_check":         {"read", "check", "checked", "the migration of"},
	"reset_task_state":        {"", "reset", "reset", "the task state of"},
	"reset_replica_state":     {"", "reset", "reset", "the replica state of"},
	"promote":                 {"", "promote", "promoted", ""},
	"resync":                  {"", "resynchronize", "resynchronized", ""},
	"add_security_service":    {"", "add", "added", "a security service to"},
	"remove_security_service": {"", "remove", "removed", "a security service from"},
	"update_security_service": {"", "change", "changed", "the security service of"},
	"manage":                  {"create", "take over", "took over", ""}, // what was made beside the service

	"update_security_service_check":     {"read", "check", "checked", "a change of the security service of"},
	"add_security_service_check":        {"read", "check", "checked", "the addition of a security service to"},
	"share_network_subnet_create_check": {"read", "check", "checked", "the creation of a subnet of"},

	// neutron/extensions
	"add_router_interface":    {"", "add", "added", "an interface to"},
	"remove_router_interface": {"", "remove", "removed", "an interface from"},
	"add_extraroutes":         {"", "add", "added", "routes to"},
	"remove_extraroutes":      {"", "remove", "removed", "routes from"},
	"add_external_gateways":   {"", "add", "added", "gateways to"},
	"add_subports":            {"", "add", "added", "subports to"},
	"remove_subports":         {"", "remove", "removed", "subports from"},
	"get_subports":            {"list", "list", "listed", "the subports of"},
	"insert_rule":             {"", "insert", "inserted", "a rule into"},
	"remove_rule":             {"", "remove", "removed", "a rule from"},
	"onboard_network_subnets": {"", "add", "added", "the subnets of a network to"},
	"activate":                {"", "activate", "activated", ""},
	"get_advertised_routes":   {"list", "list", "listed", "the advertised routes of"},

	"add_allowed_address_pairs":    {"", "add", "added", "allowed address pairs to"},
	"remove_allowed_address_pairs": {"", "remove", "removed", "allowed address pairs from"},

	// the other services
	"abandon":       {"", "abandon", "abandoned", ""},
	"actions":       {"", "perform", "performed", "an action on"}, // heat: suspend, resume, check; the event does not say which
	"deactivate":    {"disable", "deactivate", "deactivated", ""},
	"export":        {"read", "export", "exported", ""},
	"failover":      {"", "fail over", "failed over", ""},
	"import":        {"", "import", "imported", "the data of"},
	"inject_nmi":    {"", "inject", "injected", "an NMI into"},
	"preview":       {"read", "preview", "previewed", ""},
	"reactivate":    {"enable", "reactivate", "reactivated", ""},
	"signal":        {"", "signal", "signalled", ""},
	"stage":         {"", "stage", "staged", "the data of"},
	"upgrade":       {"", "upgrade", "upgraded", ""},
	"validate":      {"read", "validate", "validated", ""},
	"xfr":           {"", "request", "requested", "a transfer of"},
	"pool_move":     {"", "change", "changed", "the pool of"},
	"heartbeat":     {"", "report", "reported", "a heartbeat of"},
	"lookup":        {"read", "look up", "looked up", ""},
	"rotate":        {"", "rotate", "rotated", ""},
	"add_member":    {"", "add", "added", "a member to"},
	"remove_member": {"", "remove", "removed", "a member from"},

	// What a word means with each method.
	"file/read":          {"", "download", "downloaded", "the data of"}, // of an image
	"file/list":          {"", "download", "downloaded", "the data of"},
	"file/update":        {"", "upload", "uploaded", "the data of"},
	"maintenance/update": {"", "set", "set", "the maintenance flag of"}, // of a bare-metal node
	"maintenance/delete": {"", "clear", "cleared", "the maintenance flag of"},
	"reboot/read":        {"start", "reboot", "rebooted", ""}, // of a compute host, which is done by GET
	"shutdown/read":      {"stop", "shut down", "shut down", ""},
	"startup/read":       {"start", "start up", "started up", ""},
	"preferred/create":   {"", "set", "set", "the preference for"}, // a secret store
	"preferred/update":   {"", "set", "set", "the preference for"},
	"preferred/delete":   {"", "remove", "removed", "the preference for"},

	"vmedia":              {"", "attach", "attached", "virtual media to"},
	"vmedia/delete":       {"", "detach", "detached", "virtual media from"},
	"vendor_passthru":     {"", "call", "called", "a vendor method of"},
	"continue_inspection": {"update", "continue", "continued", "the inspection of"},
}

// operationNamed returns the operation of a service's word for it, nil for none.
func operationNamed(word string) *audit.Operation {
	o, ok := operations[word]
	if !ok {
		o = operations[withoutPrefix(word)]
	}
	return (*audit.Operation)(o)
}

// operationSpelled reads the ends of paths that say themselves what they do: add_prefixes.
func operationSpelled(word string) *audit.Operation {
	verb, object, ok := strings.Cut(word, "_")
	if !ok || object == "" || mayForge(word) {
		return nil
	}
	words := string(AppendSpoken(nil, object))
	some := words
	if !IsPlural(object) {
		some = Article(words) + " " + words
	}
	switch verb {
	case "add":
		return &audit.Operation{Base: verb, Past: "added", Object: some + " to"}
	case "remove":
		return &audit.Operation{Base: verb, Past: "removed", Object: some + " from"}
	case "update":
		return &audit.Operation{Base: "change", Past: "changed", Object: "the " + words + " of"}
	case "set", "reset":
		return &audit.Operation{Base: verb, Past: verb, Object: "the " + words + " of"}
	case "get", "show":
		return &audit.Operation{Action: audit.ActionRead, Base: "read", Past: "read", Object: "the " + words + " of"}
	default:
		return nil
	}
}

// Operate finds what the service calls the action, which is that of the event: with what was read from the body of POST …/action behind its
// first word, or of the method and the end of the path, such as update of PUT os-services/disable. It returns the action that the
// operation is, empty where it is none of its own.
func Operate(r *audit.Request, action string) string {
	r.Operation, r.Part = nil, r.Names.Part
	first, sub, _ := strings.Cut(action, "/")
	if r.OnAction() {
		if r.Operation = operationNamed(sub); r.Operation == nil {
			return ""
		}
		return r.Operation.Action
	}
	if r.Names.Part == "" {
		return ""
	}
	before, last := CutLast(r.Names.Part)
	o, ofMethod := operations[last+"/"+first]
	found := (*audit.Operation)(o)
	if !ofMethod {
		found = operationNamed(last)
	}
	if found == nil {
		found = operationSpelled(last)
	}
	if found == nil || !verbEnds(r.Names.Part) || last == r.Names.Type {
		return ""
	}
	switch {
	case ofMethod:
	case first == audit.ActionDelete && found.Action != "": // what the path of a deletion ends in, is deleted
		return ""
	case (first == audit.ActionRead || first == audit.ActionList) && found.Action != audit.ActionRead && found.Action != audit.ActionList:
		return ""
	}
	if r.Operation, r.Part = found, before; IsGroup(before) {
		r.Part = ""
	}
	if found.Action == "" && first == audit.ActionCreate { // the audit maps make it of any POST
		return audit.ActionUpdate
	}
	return found.Action
}

// verbEnds reports whether a verb may stand at the end of a part: right behind the target, behind an element of a part, or behind what
// only groups. What stands behind the word of a collection is the name of an element, which users choose.
func verbEnds(part string) bool {
	before, last := CutLast(part)
	if before == "" || IsGroup(before) {
		return last != ""
	}
	collection, element := CutLast(before)
	return element != "" && IsPlural(collection) && !strings.Contains(collection, "/")
}

// IsGroup reports whether a word of a path groups others and is no collection.
func IsGroup(word string) bool {
	switch word {
	case "actions", "management", "tasks":
		return true
	default:
		return false
	}
}

// CutLast splits a path before its last segment.
func CutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(0, i)], path[i+1:]
}
