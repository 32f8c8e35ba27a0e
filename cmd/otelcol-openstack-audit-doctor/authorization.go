package main

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
)

// authorization has the headers that log in.
type authorization map[string]string

func (a authorization) apply(header http.Header) {
	for name, value := range a {
		header.Set(name, value)
	}
}

func basic(user, password string) authorization {
	return authorization{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
}

// authorization is what an authentication extension adds to a request.
func (e *examination) authorization(s *section, id component.ID) authorization {
	const check = "backend.auth"
	var config struct {
		ClientAuth struct {
			Username     string              `mapstructure:"username"`
			UsernameFile string              `mapstructure:"username_file"`
			Password     configopaque.String `mapstructure:"password"`
			PasswordFile string              `mapstructure:"password_file"`
		} `mapstructure:"client_auth"`
		Header   string                `mapstructure:"header"`
		Scheme   *string               `mapstructure:"scheme"`
		Token    configopaque.String   `mapstructure:"token"`
		Tokens   []configopaque.String `mapstructure:"tokens"`
		Filename string                `mapstructure:"filename"`
	}
	if err := e.configuration.read("extensions", id, &config); err != nil {
		s.fail("configuration.component", "Correct the configuration.", "extensions::%s: %v", id, err)
		return nil
	}
	file := func(path, otherwise string) string {
		if path == "" {
			return otherwise
		}
		text, err := os.ReadFile(path)
		if err != nil {
			s.fail(check, "Correct the path, or let the collector's user read the file.", "extensions::%s: %v", id, err)
		}
		return strings.TrimSpace(string(text))
	}
	switch id.Type().String() {
	case "basicauth":
		user := file(config.ClientAuth.UsernameFile, config.ClientAuth.Username)
		password := file(config.ClientAuth.PasswordFile, string(config.ClientAuth.Password))
		e.secrets.add(password)
		return basic(user, password)
	case "bearertokenauth":
		token := string(config.Token)
		if len(config.Tokens) > 0 {
			token = string(config.Tokens[0])
		}
		token, _, _ = strings.Cut(file(config.Filename, token), "\n")
		e.secrets.add(token)
		header, scheme := "Authorization", "Bearer "
		if config.Header != "" {
			header = config.Header
		}
		if config.Scheme != nil {
			scheme = strings.TrimSpace(*config.Scheme + " ")
			if scheme != "" {
				scheme += " "
			}
		}
		return authorization{header: scheme + token}
	default:
		s.notChecked(check, "", "The doctor cannot log in as extensions::%s does. The request below is sent without credentials.", id)
		return nil
	}
}
