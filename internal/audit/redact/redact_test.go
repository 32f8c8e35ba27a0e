package redact_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/redact"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/literal"
)

// privateKey is no key, and looks like one.
const privateKey = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n"

func TestValue(t *testing.T) {
	escapedKey := strings.ReplaceAll(privateKey, "\n", `\n`)
	for _, test := range []struct{ name, document, want string }{
		{"Barbican's secret", `{"name":"db","payload":"s3cr3t","payload_content_type":"text/plain"}`,
			`{"name":"db","payload":"***","payload_content_type":"text/plain"}`},
		{"payload that is a document", `{"payload":{"name":"db","pwd":"s3cr3t"}}`, `{"payload":{"name":"db","pwd":"***"}}`},
		{"payload that is a document in a string", `{"payload":"{\"name\":\"db\",\"pwd\":\"s3cr3t\"}"}`,
			`{"payload":"{\"name\":\"db\",\"pwd\":\"***\"}"}`},
		{"payload that is a document and cut", `{"payload":"{\"pwd\":\"s3cr3t\",\"name\":\"d"}`, `{"payload":"{\"pwd\":\"***\",\"name\":\"d"}`},
		{"keys of clouds", `{"apiKey":"a","api_key":"b","access_key":"c","AccessKey":"d","api-key":"e"}`,
			`{"apiKey":"***","api_key":"***","access_key":"***","AccessKey":"***","api-key":"***"}`},
		{"passwords by short names", `{"pwd":"a","db_pwd":"b","bearer":"c"}`, `{"pwd":"***","db_pwd":"***","bearer":"***"}`},
		{"user data", `{"user_data":"IyEvYmluL3NoCg==","OS-EXT-SRV-ATTR:user_data":"eA==","userData":"eA=="}`,
			`{"user_data":"***","OS-EXT-SRV-ATTR:user_data":"***","userData":"***"}`},
		{"elements of an array", `{"items":[{"pwd":"a"},["x",{"apiKey":"b"}],"pwd=c"]}`,
			`{"items":[{"pwd":"***"},["x",{"apiKey":"***"}],"pwd=***"]}`},
		{"array of secrets", `{"api_keys":["a",["b"]],"payload":["c"]}`, `{"api_keys":["***",["***"]],"payload":["***"]}`},
		{"pairs of name and value", `[{"name":"apiKey","value":"a"},{"key":"pwd","value":"b"},{"key":"color","value":"red"}]`,
			`[{"name":"apiKey","value":"***"},{"key":"pwd","value":"***"},{"key":"color","value":"red"}]`},
		{"key that is none", `{"key":"color","keys":["a"],"public_key":"ssh-rsa AAAA"}`,
			`{"key":"color","keys":["a"],"public_key":"ssh-rsa AAAA"}`},
		{"key that is one", `{"key":"` + escapedKey + `","id":"x"}`, `{"key":"***\n","id":"x"}`},
		{"key that is cut", `{"key":"` + escapedKey[:45] + `","id":"x"}`, `{"key":"***","id":"x"}`},
		{"certificate", `{"key":"-----BEGIN CERTIFICATE-----\nMII"}`, `{"key":"-----BEGIN CERTIFICATE-----\nMII"}`},
		{"user of a URL", `{"url":"https://bob:s3cr3t@h:5000/v3"}`, `{"url":"https://***@h:5000/v3"}`},
		{"header in a string", `{"headers":["Authorization: Bearer abcdefgh.ijk","X-Auth-Token: abc"]}`,
			`{"headers":["Authorization: Bearer ***","X-Auth-Token: ***"]}`},
		{"names within a name", `{"keypair":"mine","monkey":"x","bypwd":"y","tokens":5}`,
			`{"keypair":"mine","monkey":"x","bypwd":"***","tokens":"***"}`},
		{"nothing there", `{"payload":"","pwd":null,"apiKey":"***","n":1}`, `{"payload":"","pwd":null,"apiKey":"***","n":1}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			document, rest, err := literal.ParseJSON(test.document)
			require.NoError(t, err)
			require.Empty(t, rest)
			got, found := redact.Value(document)
			require.Equal(t, test.want, string(got.AppendJSON(nil)))
			require.Equal(t, test.want != test.document, found)
		})
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"Barbican's secret", `{"payload": "s3 cr3t", "name": "db", torn`, `{"payload": "***", "name": "db", torn`},
		{"payload of a notification", `{"event_type": "x", "payload": {"pwd": "s3cr3t", "id": "x"`,
			`{"event_type": "x", "payload": {"pwd": "***", "id": "x"`},
		{"payload in an envelope", `{"oslo.message": "{\"payload\": {\"api_key\": \"s3\", \"id\": \"x\"`,
			`{"oslo.message": "{\"payload\": {\"api_key\": \"***\", \"id\": \"x\"`},
		{"document in a payload", `{"payload": "{\"pwd\": \"s3\", \"id\": 1, torn`, `{"payload": "{\"pwd\": \"***\", \"id\": 1, torn`},
		{"Python", `{'payload': u's3', 'user_data': b'eA==', 'id': 'x', torn`, `{'payload': u'***', 'user_data': b'***', 'id': 'x', torn`},
		{"assignments", `apiKey=a access_key: b pwd=c id=d`, `apiKey=*** access_key: *** pwd=*** id=d`},
		{"bearer", `sent Bearer eyJhbGciOi.J9-_x and left`, `sent Bearer *** and left`},
		{"a bearer of news", `the bearer of it`, `the bearer of it`},
		{"basic", `Authorization: Basic Ym9iOmh1bnRlcjI= x`, `Authorization: Basic *** x`},
		{"basic, quoted", `{"Authorization": "Basic Ym9iOmh1bnRlcjI=", torn`, `{"Authorization": "Basic ***", torn`},
		{"basic facts", `basic authentication was used`, `basic authentication was used`},
		{"private key", "x\n" + privateKey + "y", "x\n***\ny"},
		{"private key, escaped", strings.ReplaceAll("x\n"+privateKey+"y", "\n", `\n`), `x\n***\ny`},
		{"private key, cut", "x\n" + privateKey[:45], "x\n***"},
		{"OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----", "***"},
		{"key of no secret", `{"key": "color", torn`, `{"key": "color", torn`},
		{"pair", `[{"name": "apiKey", "value": "s3"}, {"name": "color", "value": "red"}, torn`,
			`[{"name": "apiKey", "value": "***"}, {"name": "color", "value": "red"}, torn`},
		{"pair in an envelope", `{\"key\": \"db_password\", \"type\": \"x\", \"content\": \"s3\", torn`,
			`{\"key\": \"db_password\", \"type\": \"x\", \"content\": \"***\", torn`},
		{"pair of a document", `{'name': 'payload', 'content': '{"pwd": "s3", "id": 1`, `{'name': 'payload', 'content': '{"pwd": "***", "id": 1`},
		{"pair of Barbican's secret", `{'name': 'payload', 'content': 's3', torn`, `{'name': 'payload', 'content': '***', torn`},
		{"pair of Python", `{'name': u'password', 'content': u's3', torn`, `{'name': u'password', 'content': u'***', torn`},
		{"token within a word", `token-gAAAAABlZXhhbXBsZXRva2Vu`, `token-***`},
		{"key in capitals", `API_KEY=s3 Password: s4`, `API_KEY=*** Password: ***`},
		{"letters that lose bytes in lower case", `İİ KKpassword=s3 x`, `İİ KKpassword=*** x`},
		{"halves of two pairs", `{"name": "password"}, {"name": "color", "value": "red"}, torn`,
			`{"name": "password"}, {"name": "color", "value": "red"}, torn`},
		{"transport URL", `rabbit://nova:s3@h1:5672,nova:s4@h2:5672//`, `rabbit://***@h2:5672//`},
		{"URL, escaped", `"http:\/\/bob:s3@h\/x"`, `"http:\/\/***@h\/x"`},
		{"URL of nobody", `http://h:80/x?mail=a@b`, `http://h:80/x?mail=a@b`},
		{"address of mail", `mail: a@b`, `mail: a@b`},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, redact.Text(test.text))
		})
	}
}

// A secret in quotes may hold anything, quotes as well: it goes as a whole, and what stands beside it stays.
func TestQuotedSecrets(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"password": "correct horse battery", torn`, `{"password": "***", torn`},
		{`{"password": "pa,ss}w&d", "user": "bob", torn`, `{"password": "***", "user": "bob", torn`},
		{`{"password": "qu\"ote \\", "user": "bob", torn`, `{"password": "***", "user": "bob", torn`},
		{`{'password': 'it"s, u', 'user': 'bob', torn`, `{'password': '***', 'user': 'bob', torn`},
		{`{'password': b'a b', 'user': 'bob', torn`, `{'password': b'***', 'user': 'bob', torn`},
		{`{"m": "{\"password\": \"two words\", \"user\": torn`, `{"m": "{\"password\": \"***\", \"user\": torn`},
		{`{"m": "{\"password\": \"qu\\\"ote\", \"user\": torn`, `{"m": "{\"password\": \"***\", \"user\": torn`},
		{`{"m": "{\"c\": \"{\\\"password\\\": \\\"a b\\\", \\\"u\\\": torn`, `{"m": "{\"c\": \"{\\\"password\\\": \\\"***\\\", \\\"u\\\": torn`},
		{`{"password": "cut in the mid`, `{"password": "***`},
		{"{\"password\": \"torn\n{\"user\": \"bob\"", "{\"password\": \"***\n{\"user\": \"bob\""},
		{`{"password": "", "user": "bob", torn`, `{"password": "", "user": "bob", torn`},
		{`password=hunter2 user=bob`, `password=*** user=bob`},
		{`{"passwords": ["one", "t]wo"], "user": "bob", torn`, `{"passwords": ***, "user": "bob", torn`},
		{`{'tokens': ('one', [u'two'], 3), 'user': 'bob', torn`, `{'tokens': ***, 'user': 'bob', torn`},
		{`{"m": "{\"secrets\": [\"one\", \"two\"], \"user\": torn`, `{"m": "{\"secrets\": ***, \"user\": torn`},
		{`{"passwords": ["one", "tor`, `{"passwords": ***`},
		{`{"secrets": ["one", {"name": "bob", "password": "p"}], torn`, `{"secrets": ***, {"name": "bob", "password": "***"}], torn`},
		{`{"password": {"user": {"name": "bob", "password": "p"}}, torn`, `{"password": {"user": {"name": "bob", "password": "***"}}, torn`},
	} {
		require.Equal(t, test.want, redact.Text(test.text), test.text)
	}
}

func TestURL(t *testing.T) {
	for _, test := range []struct{ name, url, want string }{
		{"query", "/v1/x?apiKey=a&pwd=b&payload=c&key=d&limit=1", "/v1/x?apiKey=REDACTED&pwd=REDACTED&payload=REDACTED&key=d&limit=1"},
		{"user", "http://bob:s3@h:80/x?a=b", "http://***@h:80/x?a=b"},
		{"user within a query", "/x?next=http://bob:s3@h/", "/x?next=http://***@h/"},
		{"private key in a query", "/x?key=-----BEGIN PRIVATE KEY-----MII", "/x?key=***"},
		{"path alone", "/v2.1/os-keypairs/mine", "/v2.1/os-keypairs/mine"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, redact.URL(test.url))
		})
	}
}
