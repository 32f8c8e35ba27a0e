package collectortest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// GatewayToken is what config/gateway.yaml asks for with the environment of GatewayEnvironment.
const GatewayToken = "a-token-of-the-tests"

// GatewayEnvironment tells config/gateway.yaml where to listen, and writes its token.
func GatewayEnvironment(t testing.TB, overHTTP, overGRPC string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.token")
	require.NoError(t, os.WriteFile(path, []byte(GatewayToken+"\n"), 0o600))
	return []string{"AUDIT_GATEWAY_HTTP=" + overHTTP, "AUDIT_GATEWAY_GRPC=" + overGRPC, "AUDIT_GATEWAY_TOKEN_FILE=" + path}
}

// PostLogs sends logs by OTLP over HTTP, with a token unless that is empty, and returns the status.
func PostLogs(ctx context.Context, url, token string, logs plog.Logs) (status int, err error) {
	body, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/logs", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
