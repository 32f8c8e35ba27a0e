package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/openstack-audit/otelcol-openstack-audit/cmd/audit-verify/internal/treelog"
)

// keyFlags name the keys that sign logs.
type keyFlags struct{ keys, witnesses []string }

func (k *keyFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&k.keys, "key", nil, "verifier key of the log (origin+hash+key), or a file that has it; once for each key")
	flags.StringArrayVar(&k.witnesses, "witness", nil, "verifier key of a witness, or a file that has it")
}

func (k *keyFlags) read() ([]*treelog.Key, error) {
	if len(k.keys) == 0 {
		return nil, fmt.Errorf("--key is needed: what audit-verify keygen printed")
	}
	witnesses := make([]string, len(k.witnesses))
	for i, witness := range k.witnesses {
		var err error
		if witnesses[i], err = keyText(witness); err != nil {
			return nil, err
		}
	}
	keys := make([]*treelog.Key, len(k.keys))
	for i, key := range k.keys {
		text, err := keyText(key)
		if err != nil {
			return nil, err
		}
		if keys[i], err = treelog.NewKey(text, witnesses...); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// keyText returns a key, or what the file that is named has.
func keyText(key string) (string, error) {
	if strings.Count(key, "+") >= 2 {
		return key, nil
	}
	text, err := os.ReadFile(key)
	if err != nil {
		return "", fmt.Errorf("%q is neither a verifier key nor a file with one: %w", key, err)
	}
	return strings.TrimSpace(string(text)), nil
}
