package directory

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// refresh lists everything, at once and then every RefreshInterval; after a failure it tries again sooner. Lists are a start
// and no truth: LDAP domains may not list all, or nothing; what they leave out is looked up when it is needed.
func (d *Directory) refresh(ctx context.Context) {
	const firstRetry, lastRetry = 5 * time.Second, 10 * time.Minute
	retry := firstRetry
	for {
		pause := d.settings.RefreshInterval
		if err := d.listAll(ctx); err != nil {
			pause = max(retry, keystone.RetryAfterOf(err))
			retry = min(2*retry, lastRetry)
		} else {
			retry = firstRetry
			if pause == 0 {
				return
			}
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// maxListedDomains bounds the domains whose users are listed.
const maxListedDomains = 100_000

// listAll returns the error of a Keystone that is away. Lists that our role does not allow are no error.
func (d *Directory) listAll(ctx context.Context) error {
	if d.store != nil {
		d.store.rarely(true) // a list touches every shard: write them once
		defer d.store.rarely(false)
	}
	var domains []string
	err := d.list(ctx, keystone.Domain, "", func(e keystone.Entity) {
		if len(e.ID) <= maxIDBytes && len(domains) < maxListedDomains {
			domains = append(domains, e.ID)
		}
	})
	if err != nil {
		return err
	}
	for _, kind := range []keystone.Kind{keystone.Role, keystone.Project} {
		if err := d.list(ctx, kind, "", nil); err != nil {
			return err
		}
	}
	// Keystone lists users and groups of a domain with its own driver (LDAP), and roles of a domain, only by domain_id.
	for _, domain := range domains {
		for _, kind := range []keystone.Kind{keystone.User, keystone.Group, keystone.Role} {
			if err := d.list(ctx, kind, domain, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Directory) list(ctx context.Context, kind keystone.Kind, domainID string, also func(keystone.Entity)) error {
	if !d.kinds[kind].enabled && kind != keystone.Domain {
		return nil
	}
	began := d.order.Add(1)
	skipped := false
	total, err := d.settings.Identity.List(ctx, kind, domainID, func(e keystone.Entity) error {
		if also != nil {
			also(e)
		}
		if !d.kinds[kind].enabled {
			return nil
		}
		if d.table.told() >= d.table.limit {
			// A list that is longer than the cache would push out what it has just brought.
			if known, _ := d.table.get(keyOf(kind, e.ID)); !known.state.told() {
				skipped = true
				return nil
			}
		}
		d.found(kind, e, began, true)
		return nil
	})
	if err == nil && total.Entities > 0 {
		d.kinds[kind].allow()
	}
	result := "complete"
	if skipped {
		d.logger.Warn("Keystone has more than cache::max_entries: the rest is looked up when it is needed", zap.String("kind", kind.String()))
	}
	switch {
	case err == nil && (total.Truncated || skipped):
		result = "truncated"
	case err == nil:
	case ctx.Err() != nil:
		return ctx.Err()
	case keystone.ReasonOf(err) == keystone.Unavailable || keystone.ReasonOf(err) == keystone.Unauthorized:
		result = "failed"
	default:
		result = "forbidden"
		if keystone.ReasonOf(err) != keystone.Forbidden {
			result = "failed"
		}
		d.logger.Info("Keystone does not list a kind: names are looked up one at a time", zap.String("kind", kind.String()), zap.Error(err))
		err = nil
	}
	d.settings.Observer.Listed(kind, total.Entities, result)
	return err
}
