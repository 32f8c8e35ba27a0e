package auditlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/audit/derive"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/auditlog"
)

// Keystone may translate its reasons: the typed name is hidden all the same.
func TestTypedNameIsHiddenInEveryLanguage(t *testing.T) {
	body := notification("identity.authenticate", event(`"action":"authenticate","outcome":"failure","initiator":{"user_name":"s3cret"},`+
		`"reason":{"reasonType":"Utilisateur introuvable : s3cret.","reasonCode":"404"}`))
	config := configured(func(c *auditlog.Config) {
		c.UnknownUserNames, c.IncludeOriginal = derive.UnknownUserNamesDrop, true
	})
	line := one(t, config, body)
	require.Equal(t, "login: failure (user_not_found)", line.Body)
	require.NotContains(t, everything(t, line), "s3cret")
}

// A long text is cut before it is searched for secrets, and the cut uncovers none.
func TestLongTextsAreSearchedAsFarAsTheyAreKept(t *testing.T) {
	for _, secretAt := range []int{100, 16<<10 - 20, 1 << 20} {
		text := strings.Repeat("x", secretAt) + ` password='correct horse battery' ` + strings.Repeat("y", 1<<20)
		line := byDefault(t, notification("audit.http.request", event(`"action":"read","outcome":"pending","note":"`+text+`"`)))
		require.NotContains(t, everything(t, line), "horse", secretAt)
		require.Equal(t, true, line.Attributes[audit.AttrAuditTruncated])
	}
}

// The service that names itself is believed over its target: a load balancer is of the network.
func TestServiceTypeOfTheObserver(t *testing.T) {
	line := byDefault(t, notification("audit.cadf", event(`"action":"create","outcome":"success",`+
		`"observer":{"id":"o","typeURI":"service/loadbalancer","name":"octavia"},"target":{"id":"t","typeURI":"network/loadbalancer"}`)))
	require.Equal(t, "octavia", line.Resource[audit.AttrServiceName])
	require.Equal(t, "load-balancer", line.Resource[audit.AttrOpenStackServiceType])
	require.NotContains(t, line.Attributes, audit.AttrObserverTypeURI)
}
