package main

import (
	"net/http"
	"time"

	"golang.org/x/sys/unix"
)

// clockTolerance is how far a server's Date header may be off: it has whole seconds, and the answer takes time.
const clockTolerance = 5 * time.Second

// clock checks that this host's clock is synchronised.
func (e *examination) clock() {
	const check = "clock.synchronised"
	s := e.section("clock")
	var state unix.Timex // without modes it is only read
	status, err := unix.Adjtimex(&state)
	switch {
	case err != nil:
		s.notChecked(check, "timedatectl", "The kernel does not tell whether the clock is synchronised: %v", err)
	case status == unix.TIME_ERROR || state.Status&unix.STA_UNSYNC != 0:
		s.warn(check, "Run chrony or systemd-timesyncd: times of events and of records are compared.", "The clock is not synchronised.")
	default:
		s.ok(check, "The clock is synchronised (estimated error %d ms).", state.Esterror/1000)
	}
}

// clockOf compares the clock of a server with ours.
func (e *examination) clockOf(s *section, prefix string, response *http.Response) {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return // it does not say
	}
	difference := time.Since(date).Round(time.Second)
	if difference.Abs() > clockTolerance {
		s.warn(prefix+".clock", "Synchronise the clocks of both hosts.",
			"The clock of the server differs from this host's by %s.", difference.Abs())
	}
}
