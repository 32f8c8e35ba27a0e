package keystone_test

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// certificate writes some valid certificate.
func certificate(t *testing.T, path string) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(path, block, 0o600))
}
