package keystoneattributesprocessor

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/openstack-audit/otelcol-openstack-audit/internal/configcheck"
	"github.com/openstack-audit/otelcol-openstack-audit/internal/keystone"
)

// AuthConfig holds what clouds.yaml calls auth, under the same keys: a user with a password and one scope, or an
// application credential, which has its scope in itself.
type AuthConfig struct {
	// AuthURL is the URL of Keystone, with or without /v3. Names are asked there too. Empty: the processor changes nothing, so that
	// one configuration serves with and without names.
	AuthURL string `mapstructure:"auth_url"`
	// Username, UserID, UserDomainName, UserDomainID and Password are the user's: an id, or a name with its domain.
	Username       string              `mapstructure:"username"`
	UserID         string              `mapstructure:"user_id"`
	UserDomainName string              `mapstructure:"user_domain_name"`
	UserDomainID   string              `mapstructure:"user_domain_id"`
	Password       configopaque.String `mapstructure:"password"`

	// SystemScope is all, or empty. One scope is needed: this, a project, or a domain.
	SystemScope string `mapstructure:"system_scope"`
	// ProjectID, ProjectName, ProjectDomainName and ProjectDomainID are the project in which the user has its role.
	ProjectID         string `mapstructure:"project_id"`
	ProjectName       string `mapstructure:"project_name"`
	ProjectDomainName string `mapstructure:"project_domain_name"`
	ProjectDomainID   string `mapstructure:"project_domain_id"`
	// DomainID and DomainName are the domain in which the user has its role.
	DomainID   string `mapstructure:"domain_id"`
	DomainName string `mapstructure:"domain_name"`

	// ApplicationCredentialID, ApplicationCredentialName and ApplicationCredentialSecret stand for a password and a scope.
	ApplicationCredentialID     string              `mapstructure:"application_credential_id"`
	ApplicationCredentialName   string              `mapstructure:"application_credential_name"`
	ApplicationCredentialSecret configopaque.String `mapstructure:"application_credential_secret"`

	_ struct{}
}

// Validate names each key that is missing or too many.
func (a *AuthConfig) Validate() error {
	if a.AuthURL == "" {
		return nil
	}
	user := a.UserID != "" || a.Username != "" && (a.UserDomainID != "" || a.UserDomainName != "")
	scopes := 0
	for _, set := range []bool{a.SystemScope != "", a.ProjectID != "" || a.ProjectName != "", a.DomainID != "" || a.DomainName != ""} {
		if set {
			scopes++
		}
	}
	if a.ApplicationCredentialID != "" || a.ApplicationCredentialName != "" {
		return errors.Join(
			checkURL(a.AuthURL),
			configcheck.That(a.ApplicationCredentialSecret != "", "application_credential_secret: is required"),
			configcheck.That(a.ApplicationCredentialID != "" || user,
				"application_credential_name: needs the user too: user_id, or username with user_domain_name"),
			configcheck.That(a.Password == "", "password: goes not with an application credential"),
			configcheck.That(scopes == 0,
				"an application credential has its scope in itself: leave out system_scope, project_* and domain_*"),
		)
	}
	return errors.Join(
		checkURL(a.AuthURL),
		configcheck.That(user, "user_id, or username with user_domain_name or user_domain_id, is required"),
		configcheck.That(a.Password != "", "password: is required"),
		configcheck.That(scopes == 1, "set exactly one scope: system_scope: all, project_id, project_name, domain_id or domain_name"),
		configcheck.That(a.SystemScope == "" || a.SystemScope == "all", "system_scope: the only one there is is all"),
		configcheck.That(a.ProjectName == "" || a.ProjectID != "" || a.ProjectDomainID != "" || a.ProjectDomainName != "",
			"project_name: needs project_domain_name or project_domain_id"),
	)
}

func checkURL(text string) error {
	if text == "" {
		return errors.New("auth_url: is required")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("auth_url: is no URL") // the error would repeat what may hold a password
	case u.User != nil:
		return errors.New("auth_url: must not hold a user or password, they have keys of their own")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return fmt.Errorf("auth_url: %q is no http or https URL", text)
	default:
		return nil
	}
}

func (a *AuthConfig) options() gophercloud.AuthOptions {
	options := gophercloud.AuthOptions{
		IdentityEndpoint:            a.AuthURL,
		Username:                    a.Username,
		UserID:                      a.UserID,
		Password:                    string(a.Password),
		DomainID:                    a.UserDomainID,
		DomainName:                  a.UserDomainName,
		ApplicationCredentialID:     a.ApplicationCredentialID,
		ApplicationCredentialName:   a.ApplicationCredentialName,
		ApplicationCredentialSecret: string(a.ApplicationCredentialSecret),
	}
	if options.UserID != "" {
		options.Username, options.DomainID, options.DomainName = "", "", ""
	} else if options.DomainID != "" {
		options.DomainName = ""
	}
	switch {
	case a.SystemScope != "":
		options.Scope = &gophercloud.AuthScope{System: true}
	case a.ProjectID != "":
		options.Scope = &gophercloud.AuthScope{ProjectID: a.ProjectID}
	case a.ProjectName != "" && a.ProjectDomainID != "":
		options.Scope = &gophercloud.AuthScope{ProjectName: a.ProjectName, DomainID: a.ProjectDomainID}
	case a.ProjectName != "":
		options.Scope = &gophercloud.AuthScope{ProjectName: a.ProjectName, DomainName: a.ProjectDomainName}
	case a.DomainID != "":
		options.Scope = &gophercloud.AuthScope{DomainID: a.DomainID}
	case a.DomainName != "":
		options.Scope = &gophercloud.AuthScope{DomainName: a.DomainName}
	}
	return options
}

// credentials returns who we are, and the HTTP configuration with what the cloud says about TLS.
func (c *Config) credentials() (gophercloud.AuthOptions, confighttp.ClientConfig, error) {
	httpConfig := c.HTTP
	if auth := c.Auth.Get(); auth != nil {
		return auth.options(), httpConfig, nil
	}
	cloud, err := keystone.ReadCloud(c.Cloud, c.CloudsFile)
	if err != nil {
		return gophercloud.AuthOptions{}, httpConfig, fmt.Errorf("cloud: %w", err)
	}
	if err := checkURL(cloud.Auth.IdentityEndpoint); err != nil {
		return gophercloud.AuthOptions{}, httpConfig, fmt.Errorf("cloud %q: %w", c.Cloud, err)
	}
	if httpConfig.TLS.CAFile == "" && httpConfig.TLS.CAPem == "" {
		httpConfig.TLS.CAFile = cloud.CACertFile
	}
	if httpConfig.TLS.CertFile == "" && httpConfig.TLS.CertPem == "" {
		httpConfig.TLS.CertFile, httpConfig.TLS.KeyFile = cloud.ClientCertFile, cloud.ClientKeyFile
	}
	httpConfig.TLS.InsecureSkipVerify = httpConfig.TLS.InsecureSkipVerify || cloud.Insecure
	return cloud.Auth, httpConfig, nil
}
