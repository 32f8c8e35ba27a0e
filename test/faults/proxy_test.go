package faults

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proxy stands between the collector and the broker, and breaks what passes.
type proxy struct {
	listener net.Listener
	links    sync.WaitGroup

	mu     sync.Mutex
	target string
	open   map[*link]struct{}
	delay  time.Duration
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	proxy          *proxy

	mu sync.Mutex
	// swallow: bytes of either side go nowhere, and the sockets stay open.
	swallow bool
	// left is how many bytes from the broker still pass before the link is cut; -1 is no bound.
	left int
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: listener, target: target, open: map[*link]struct{}{}}
	p.links.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.cut()
		p.links.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.mu.Lock()
		target := p.target
		p.mu.Unlock()
		server, err := net.Dial("tcp", target)
		if err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server, proxy: p, left: -1}
		p.mu.Lock()
		p.open[l] = struct{}{}
		p.mu.Unlock()
		p.links.Go(func() { l.pump(server, client, false) })
		p.links.Go(func() { l.pump(client, server, true) })
	}
}

// pump moves bytes until one side ends.
func (l *link) pump(to, from net.Conn, fromBroker bool) {
	defer l.close()
	buffer := make([]byte, 64*1024)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		l.proxy.mu.Lock()
		delay := l.proxy.delay
		l.proxy.mu.Unlock()
		if delay > 0 {
			time.Sleep(delay)
		}
		pass, last := l.passing(n, fromBroker)
		if _, err := to.Write(buffer[:pass]); err != nil || last {
			return
		}
	}
}

// passing is how many of n bytes pass, and whether the link ends after them.
func (l *link) passing(n int, fromBroker bool) (pass int, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.swallow:
		return 0, false
	case !fromBroker || l.left < 0:
		return n, false
	case n < l.left:
		l.left -= n
		return n, false
	default:
		return l.left, true
	}
}

// close resets both sides.
func (l *link) close() {
	l.proxy.mu.Lock()
	delete(l.proxy.open, l)
	l.proxy.mu.Unlock()
	for _, side := range []net.Conn{l.client, l.server} {
		var linger error
		if tcp, ok := side.(*net.TCPConn); ok {
			linger = tcp.SetLinger(0)
		}
		_ = errors.Join(linger, side.Close()) // the other pump may have closed it
	}
}

// each returns the links that are open.
func (p *proxy) each() []*link {
	p.mu.Lock()
	defer p.mu.Unlock()
	links := make([]*link, 0, len(p.open))
	for l := range p.open {
		links = append(links, l)
	}
	return links
}

// cut resets every connection.
func (p *proxy) cut() {
	for _, l := range p.each() {
		l.close()
	}
}

// cutAfter ends every connection when so many more bytes have come from the broker, wherever in a frame that is.
func (p *proxy) cutAfter(bytes int) {
	for _, l := range p.each() {
		l.mu.Lock()
		l.left = bytes
		l.mu.Unlock()
	}
}

// swallow keeps every connection open and lets nothing pass any more. New connections pass.
func (p *proxy) swallow() {
	for _, l := range p.each() {
		l.mu.Lock()
		l.swallow = true
		l.mu.Unlock()
	}
}

// slowDown makes each piece of at most 64 KiB wait. 0 lets them pass.
func (p *proxy) slowDown(delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = delay
}

// connectTo sends new connections elsewhere.
func (p *proxy) connectTo(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}
