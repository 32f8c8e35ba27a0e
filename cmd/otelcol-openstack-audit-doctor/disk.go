package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/collector/component"
	"golang.org/x/sys/unix"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/evidence"
)

// bytesOfRecord is what a record takes in a sending queue on disk: real ones are of 1.5 to 2.5 KiB as OTLP.
const bytesOfRecord = 2500

// disks checks each directory that a component writes to, and the key of the evidence log.
func (e *examination) disks() {
	if os.Geteuid() == 0 {
		e.section("user").notChecked("disk.user", "sudo -u otelcol-openstack-audit "+program+" --config ...",
			"This is root. Whether the service's user may read and write the files, only a check as that user tells.")
	}
	for _, id := range e.configuration.of("extensions", "file_storage") {
		var config struct {
			Directory       string `mapstructure:"directory"`
			CreateDirectory bool   `mapstructure:"create_directory"`
		}
		config.Directory = "/var/lib/otelcol/file_storage" // the extension's default
		e.files("extensions", id, &config, func(s *section) {
			s.directory("disk.storage", config.Directory, config.CreateDirectory)
			e.room(s, config.Directory)
		})
	}
	for _, id := range e.configuration.of("extensions", "http_delivery") {
		var config struct {
			DeadLetters struct {
				Directory string `mapstructure:"directory"`
			} `mapstructure:"dead_letters"`
		}
		e.files("extensions", id, &config, func(s *section) { s.directory("disk.dead_letters", config.DeadLetters.Directory, true) })
	}
	for _, id := range e.configuration.of("processors", "openstack_audit_evidence") {
		var config struct {
			Directory string `mapstructure:"directory"`
			KeyFile   string `mapstructure:"key_file"`
			Origin    string `mapstructure:"origin"`
		}
		e.files("processors", id, &config, func(s *section) {
			s.directory("disk.evidence", config.Directory, true)
			s.evidenceKey(config.KeyFile, config.Origin)
		})
	}
}

// files reads a component's configuration and checks its files.
func (e *examination) files(kind string, id component.ID, config any, check func(*section)) {
	name := kind + "::" + id.String()
	if err := e.configuration.read(kind, id, config); err != nil {
		e.section(name).fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	e.component(name, check)
}

// directory checks that a directory can be written to, or be created.
func (s *section) directory(check, path string, create bool) {
	do := "Create the directory for the collector's user: install -d -o otelcol-openstack-audit -m 0750 " + path
	state, err := os.Stat(path)
	switch {
	case err == nil && !state.IsDir():
		s.fail(check, "Remove the file, or name another directory.", "%s is no directory.", path)
	case err == nil:
		s.writeAndSync(check, path)
	case errors.Is(err, fs.ErrNotExist) && create:
		parent := filepath.Dir(path)
		for _, err = os.Stat(parent); errors.Is(err, fs.ErrNotExist) && parent != filepath.Dir(parent); _, err = os.Stat(parent) {
			parent = filepath.Dir(parent)
		}
		if err = unix.Faccessat(unix.AT_FDCWD, parent, unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
			s.fail(check, do, "%s does not exist and cannot be created in %s: %v", path, parent, err)
			return
		}
		s.ok(check, "%s does not exist yet. The collector will create it.", path)
	default:
		s.fail(check, do, "%v", err)
	}
}

// writeAndSync writes a file, waits until it is on the disk, and removes it.
func (s *section) writeAndSync(check, path string) {
	begin := time.Now()
	file, err := os.CreateTemp(path, ".doctor-")
	if err == nil {
		_, err = file.Write(make([]byte, 4096))
		err = errors.Join(err, file.Sync(), file.Close(), os.Remove(file.Name()))
	}
	if err != nil {
		s.fail(check, "Let the collector's user write there, or free some space.", "%s cannot be written to: %v", path, err)
		return
	}
	took := time.Since(begin)
	const text = "A file of 4 KiB is written to %s and on the disk after %.1f ms."
	if milliseconds := float64(took.Microseconds()) / 1000; took > 100*time.Millisecond {
		s.warn(check, "Use a faster disk: each batch waits for this.", text, path, milliseconds)
	} else {
		s.ok(check, text, path, milliseconds)
	}
}

// room compares the free space with what the sending queues may need.
func (e *examination) room(s *section, path string) {
	const check = "disk.space"
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			break
		}
		path = filepath.Dir(path)
	}
	var state unix.Statfs_t
	if err := unix.Statfs(path, &state); err != nil {
		s.notChecked(check, "", "The free space of %s: %v", path, err)
		return
	}
	free := state.Bavail * uint64(state.Bsize)
	needed := e.queuesNeed()
	const gib = float64(1 << 30)
	text := "%.1f GiB are free at %s. Full sending queues need about %.1f GiB."
	if free < needed {
		s.warn(check, "Lower sending_queue::queue_size, or give the directory more space.", text, float64(free)/gib, path, float64(needed)/gib)
	} else {
		s.ok(check, text, float64(free)/gib, path, float64(needed)/gib)
	}
}

// queuesNeed estimates the bytes of all sending queues on disk, when they are full.
func (e *examination) queuesNeed() (needed uint64) {
	for _, id := range e.configuration.of("exporters") {
		var config struct {
			Queue struct {
				Storage   *component.ID `mapstructure:"storage"`
				Sizer     string        `mapstructure:"sizer"`
				QueueSize uint64        `mapstructure:"queue_size"`
			} `mapstructure:"sending_queue"`
		}
		if e.configuration.read("exporters", id, &config) != nil || config.Queue.Storage == nil {
			continue
		}
		switch config.Queue.Sizer {
		case "bytes":
			needed += config.Queue.QueueSize
		case "items":
			needed += config.Queue.QueueSize * bytesOfRecord
		default: // requests, of a batch of the receiver each
			needed += config.Queue.QueueSize * bytesOfRecord * 500
		}
	}
	return needed
}

func (s *section) evidenceKey(path, origin string) {
	const check = "disk.evidence_key"
	signer, err := evidence.ReadSigner(path) // which refuses a key that others may read
	switch {
	case err != nil:
		s.fail(check, "Make a key with audit-verify keygen, or let the collector's user, and nobody else, read it.", "%v", err)
	case signer.Origin() != origin:
		s.fail(check, "Set origin to the name of the key, or make another key.", "The key is for %s, and origin is %s.", signer.Origin(), origin)
	default:
		s.ok(check, "The key is readable, and for %s.", origin)
	}
}

func (e *examination) fileExporter(_ context.Context, s *section, id component.ID) {
	var config struct {
		Path string `mapstructure:"path"`
	}
	if err := e.configuration.read("exporters", id, &config); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "%v", err)
		return
	}
	s.directory("disk.file", filepath.Dir(config.Path), true)
}
