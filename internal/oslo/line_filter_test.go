package oslo

import (
	"strings"
	"testing"
)

var ordinaryLines = map[string]string{
	"plain": `2026-11-20 23:21:29.662 9527 WARNING keystone.common.password_hashing [None req-15eeff59-63eb-4e5b-a4d5-8c315a3b2058 - - - - ` +
		`- -] Truncating password to algorithm specific maximum length 72 characters.`,
	"wsgi": `2026-11-20 23:32:54.115 11279 INFO nova.api.openstack.requestlog [req-edff6314-3dc6-4cf3-b0e5-295758a18b50 ` +
		`f7392725f2c840bc987abde9d2d7888f - - - -] 127.0.0.1 "GET /v2.1/servers" status: 200 len: 15 time: 0.05`,
	"dict": `2026-11-20 23:32:54.115 11279 DEBUG nova.compute.resource_tracker [None req-edff6314-3dc6-4cf3-b0e5-295758a18b50 - - - - - -] ` +
		`Final resource view: {'phys_ram': 32000, 'used_ram': 512, 'free_disk': 120, 'vcpus': 8}`,
	"json": `{"message": "Truncating password to algorithm specific maximum length 72 characters.", "asctime": "2026-11-20 23:23:04", ` +
		`"name": "keystone.common.password_hashing", "levelname": "WARNING", "process": 14171, "hostname": "vm", "context": {"user": null, ` +
		`"project_id": null, "request_id": "req-258756f1-023b-408b-b554-0471b4dbe1db"}}`,
}

func BenchmarkMayHoldEvent(b *testing.B) {
	for name, line := range ordinaryLines {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if MayHoldEvent(line) {
					b.Fatal("an ordinary line")
				}
			}
		})
	}
	b.Run("long", func(b *testing.B) {
		line := strings.Repeat(ordinaryLines["plain"], 50)
		b.SetBytes(int64(len(line)))
		for b.Loop() {
			MayHoldEvent(line)
		}
	})
}
