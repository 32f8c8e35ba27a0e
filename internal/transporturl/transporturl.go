// Package transporturl reads oslo.messaging's transport_url, as it stands in a service's configuration.
package transporturl

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultAMQPPort is used for hosts without a port, with and without TLS, as oslo.messaging does.
const DefaultAMQPPort = 5672

// URL is what a transport_url says that a consumer can use.
type URL struct {
	// Hosts are in the URL's order; there is at least one.
	Hosts []Host
	// VirtualHost is "/" where the URL has none.
	VirtualHost string
	// TLS is on by ?ssl=true or a scheme that ends in amqps; a port turns nothing on.
	TLS TLS
	// Heartbeat is heartbeat_timeout_threshold; nil when the URL does not say, 0 for off.
	Heartbeat *time.Duration
	// LoginMethod is rabbit_login_method: PLAIN, AMQPLAIN, EXTERNAL, or empty when the URL does not say.
	LoginMethod string
	// UnknownKeys are the query keys that are no option of oslo.messaging's rabbit driver, sorted.
	UnknownKeys []string
}

// Host is one broker. Credentials are not inherited from one host to another.
type Host struct {
	Name string
	Port int
	// Username and Password are empty where the URL has none; kombu logs in as guest then.
	Username, Password string
}

// TLS holds the ssl_* options of the URL's query.
type TLS struct {
	Enabled bool
	// Off is true when the URL says ?ssl=false, rather than nothing.
	Off                       bool
	CAFile, CertFile, KeyFile string
	// Version is ssl_version as written, such as TLSv1_2.
	Version string
	// VerifyHostname is ssl_enforce_hostname_verification, true unless the URL says no.
	VerifyHostname bool
}

// Address is host:port.
func (h Host) Address() string { return net.JoinHostPort(h.Name, strconv.Itoa(h.Port)) }

// String leaves the credentials out, so that they reach no log.
func (h Host) String() string { return h.Address() }

// GoString leaves the credentials out.
func (h Host) GoString() string { return strconv.Quote(h.Address()) }

// HostsWithoutCredentials lists the addresses that have no user name while others have one, which oslo.messaging warns of.
func (u URL) HostsWithoutCredentials() []string {
	var without []string
	for _, host := range u.Hosts {
		if host.Username == "" {
			without = append(without, host.Address())
		}
	}
	if len(without) == len(u.Hosts) {
		return nil
	}
	return without
}

// Parse reads a transport_url as oslo.messaging does (TransportURL.parse in oslo_messaging/transport.py, on top of Python's urlparse):
//
//	rabbit://[user:password@]host[:port][,[user:password@]host[:port]…]/[virtual_host][?key=value&…]
//
// Errors repeat no part of the URL: what is wrong with it may be an unescaped password.
func Parse(text string) (URL, error) {
	text = strings.TrimLeft(text, " ")
	text = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text)
	scheme, rest, found := strings.Cut(text, "://")
	tls, known := schemeIsTLS(scheme)
	if !found || !known {
		return URL{}, errors.New("must begin with rabbit://, kombu://, kombu+amqp://, kombu+amqps://, amqp:// or amqps://")
	}
	if strings.Contains(rest, "#") {
		return URL{}, errors.New("contains a '#', which must be written as %23")
	}
	rest, query, _ := strings.Cut(rest, "?")
	netloc, path, _ := strings.Cut(rest, "/")

	parsed := URL{VirtualHost: unquote(path)}
	if parsed.VirtualHost == "" {
		parsed.VirtualHost = "/"
	}
	var err error
	if parsed.Hosts, err = parseHosts(netloc); err != nil {
		return URL{}, err
	}
	if err := parsed.setOptions(parseQuery(query)); err != nil {
		return URL{}, err
	}
	if tls {
		parsed.TLS.Enabled, parsed.TLS.Off = true, false
	}
	return parsed, nil
}

func schemeIsTLS(scheme string) (tls, known bool) {
	switch strings.ToLower(scheme) {
	case "rabbit", "kombu", "kombu+amqp", "amqp":
		return false, true
	case "kombu+amqps", "amqps":
		return true, true
	}
	return false, false
}

func parseHosts(netloc string) ([]Host, error) {
	var hosts []Host
	for text := range strings.SplitSeq(netloc, ",") {
		if text == "" {
			continue
		}
		host, err := parseHost(text)
		if err != nil {
			return nil, fmt.Errorf("host %d: %w", len(hosts)+1, err)
		}
		hosts = append(hosts, host)
	}
	if hosts == nil {
		hosts = []Host{{Name: "localhost", Port: DefaultAMQPPort, Username: "guest", Password: "guest"}}
	}
	return hosts, nil
}

func parseHost(text string) (Host, error) {
	host := Host{Name: text, Port: DefaultAMQPPort}
	// The last @ splits: passwords may have unescaped ones.
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		username, password, _ := strings.Cut(text[:at], ":")
		host.Username, host.Password = unquote(username), unquote(password)
		host.Name = text[at+1:]
	}
	var name, port string
	if bracketed, isBracketed := strings.CutPrefix(host.Name, "["); isBracketed {
		address, after, closed := strings.Cut(bracketed, "]")
		if !closed {
			return Host{}, errors.New("the '[' of an IPv6 address has no ']'")
		}
		name = address
		_, port, _ = strings.Cut(after, ":")
	} else {
		name, port, _ = strings.Cut(host.Name, ":")
	}
	host.Name = name
	if host.Name == "" {
		host.Name = "localhost"
	}
	if port == "" {
		return host, nil
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return Host{}, errors.New("the port is no number from 1 to 65535 " +
			"(in user names and passwords the characters / ? # , % must be percent-encoded)")
	}
	host.Port = int(number)
	return host, nil
}

// parseQuery is Python's parse_qs followed by a join of repeated values, as oslo.messaging does: empty values do not count.
func parseQuery(query string) map[string]string {
	values := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(strings.ReplaceAll(pair, "+", " "), "=")
		if value == "" {
			continue
		}
		key, value = unquote(key), unquote(value)
		if earlier, repeated := values[key]; repeated {
			value = earlier + "," + value
		}
		values[key] = value
	}
	return values
}

func (u *URL) setOptions(query map[string]string) error {
	u.TLS.VerifyHostname = true
	for key, value := range query {
		var err error
		switch key {
		case "ssl":
			u.TLS.Enabled, err = parseBool(value)
			u.TLS.Off = !u.TLS.Enabled
		case "ssl_ca_file":
			u.TLS.CAFile = value
		case "ssl_cert_file":
			u.TLS.CertFile = value
		case "ssl_key_file":
			u.TLS.KeyFile = value
		case "ssl_version":
			u.TLS.Version = value
		case "ssl_enforce_hostname_verification":
			u.TLS.VerifyHostname, err = parseBool(value)
		case "heartbeat_timeout_threshold":
			u.Heartbeat, err = parseSeconds(value)
		case "rabbit_login_method":
			u.LoginMethod, err = parseLoginMethod(value)
		default:
			if !slices.Contains(publisherOptions, key) {
				u.UnknownKeys = append(u.UnknownKeys, key)
			}
		}
		if err != nil {
			return fmt.Errorf("query key %s %w", key, err)
		}
	}
	slices.Sort(u.UnknownKeys)
	return nil
}

// parseBool takes what oslo.config's types.Boolean takes.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1", "on", "yes":
		return true, nil
	case "false", "0", "off", "no":
		return false, nil
	}
	return false, errors.New("must be one of true, 1, on, yes, false, 0, off, no")
}

func parseSeconds(text string) (*time.Duration, error) {
	seconds, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, errors.New("must be a number of seconds from 0 to 65535")
	}
	duration := time.Duration(seconds) * time.Second
	return &duration, nil
}

func parseLoginMethod(text string) (string, error) {
	method := strings.ToUpper(text)
	if !slices.Contains([]string{"PLAIN", "AMQPLAIN", "EXTERNAL"}, method) {
		return "", errors.New("must be one of PLAIN, AMQPLAIN, EXTERNAL")
	}
	return method, nil
}

// unquote is Python's urllib.parse.unquote: what is no escape stays as it is, what is no UTF-8 is replaced.
func unquote(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if decoded, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out.WriteByte(byte(decoded))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD")
}

// publisherOptions are the other options of oslo.messaging's rabbit driver (oslo_messaging/_drivers/impl_rabbit.py, amqp.py and
// pool.py): those of publishers and RPC. Operators paste the URL of a service, so they are no mistake.
var publisherOptions = []string{
	"amqp_auto_delete", "amqp_durable_queues",
	"conn_pool_min_size", "conn_pool_ttl", "direct_mandatory_flag", "enable_cancel_on_failover",
	"heartbeat_in_pthread", "heartbeat_rate", "hostname",
	"kombu_compression", "kombu_failover_strategy", "kombu_missing_consumer_retry_timeout", "kombu_reconnect_delay", "kombu_reconnect_splay",
	"processname",
	"rabbit_ha_queues", "rabbit_interval_max", "rabbit_qos_prefetch_count", "rabbit_quorum_delivery_limit", "rabbit_quorum_max_memory_bytes",
	"rabbit_quorum_max_memory_length", "rabbit_quorum_queue", "rabbit_retry_backoff", "rabbit_retry_interval", "rabbit_stream_fanout",
	"rabbit_transient_queues_ttl", "rabbit_transient_quorum_queue", "rpc_conn_pool_size", "ssl_enforce_fips_mode", "use_queue_manager",
}
