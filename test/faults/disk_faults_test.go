package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/stretchr/testify/require"
)

// diskFull has the sending queue on a disk of its own, of 32 MiB, most of which something else fills while the backend is away.
// The mount is in a name space of the collector's, and ends with it.
func diskFull(t *trial) {
	t.state = "/mnt/state"
	t.wrapper = []string{
		"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
		`mount -t tmpfs -o size=32m audit-state /mnt && exec "$@"`, "sh",
	}
	c := t.underLoad()
	disk := filepath.Join("/proc", strconv.Itoa(c.PID), "root", "mnt")
	filler := filepath.Join(disk, "filler")
	require.NoError(t, os.WriteFile(filler, make([]byte, 16<<20), 0o600))
	t.backend.goAway()
	c.waitLog("no space left on device")
	c.eventually(func() bool { return c.metric("openstack_audit_receiver_pipeline_retries") >= 3 }, "it does not push back")
	t.publish(2000)
	require.NoError(t, os.Remove(filler))
	t.backend.comeBack(t.T)
	t.faultEnds()
	t.recover()
	t.flow(1000)
	t.note = fmt.Sprintf("%d retries", int(c.metric("openstack_audit_receiver_pipeline_retries")))
}
