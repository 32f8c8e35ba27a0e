//go:generate mdatagen metadata.yaml

// Package queuestorageextension is a storage for the sending queues of exporters. It hands everything to another storage, but for one
// thing: what the queue deletes while it puts it elsewhere is deleted only once it is there.
package queuestorageextension
