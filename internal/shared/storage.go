package shared

import (
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Storage returns the storage extension of that id.
func Storage(host component.Host, id component.ID) (storage.Extension, error) {
	extension, found := host.GetExtensions()[id]
	if !found {
		return nil, fmt.Errorf("storage: there is no extension %q: name it in extensions and in service::extensions", id)
	}
	keeper, ok := extension.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: the extension %q is no storage", id)
	}
	return keeper, nil
}
