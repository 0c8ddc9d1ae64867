//! `[security]` and `[oidc]`: how officers sign in, and for how long.

use std::path::PathBuf;

use secrecy::SecretString;

use super::reader::Reader;
use crate::domain::officer::Role;

crate::words! {
    /// Whether officers sign in with a code of an authenticator app beside their password.
    SecondStep {
        /// Nobody does.
        Off = "off",
        /// Who has set it up does.
        Optional = "optional",
        /// Everybody must: whoever has not set it up is led there first.
        Required = "required",
    }
}

/// Keys, sessions and sign-in.
#[derive(Clone, Debug)]
pub struct SecurityConfig {
    /// The file that holds the HMAC keys, apart from the database.
    pub keyring: PathBuf,
    /// How long an idle officer stays signed in.
    pub session_ms: i64,
    /// How long an officer stays signed in at most, idle or not.
    pub session_most_ms: i64,
    /// Codes beside the password.
    pub totp: SecondStep,
    /// Whether e-mail and password open the door; not, where everybody comes by `[oidc]`.
    pub local_accounts: bool,
}

/// The force's own sign-in, by OpenID Connect.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// As the provider names itself; discovery starts there.
    pub issuer: String,
    /// We, there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SecretString,
    /// What the button says: `Sign in with …`.
    pub name: String,
    /// Asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists a person's groups.
    pub groups_claim: String,
    /// What groups mean here; the first that a person is in decides.
    pub groups: Vec<GroupConfig>,
}

/// What a group of the directory means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// As the claim has it.
    pub group: String,
    /// The role of whoever is in it.
    pub role: Role,
    /// Their team, by name.
    pub team: Option<String>,
}

pub(super) fn read(section: &mut Reader<'_>) -> SecurityConfig {
    let session_ms = section.number_or("session_minutes", 720, 5, 10_080).saturating_mul(60_000);
    SecurityConfig {
        keyring: section.text_or("keyring", "huecry-data/keyring.json").into(),
        session_ms,
        session_most_ms: section.number_or("session_hours_at_most", 24, 1, 720).saturating_mul(3_600_000),
        totp: section.parsed_or("totp", "optional", "off, optional or required").unwrap_or(SecondStep::Optional),
        local_accounts: section.flag_or("local_accounts", true),
    }
}

pub(super) fn read_oidc(section: &mut Reader<'_>) -> OidcConfig {
    let issuer = section.required("issuer", "the provider's issuer URL, such as https://login.force.example/realms/staff");
    let loopback = |url: &url::Url| matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !issuer.is_empty() && !url::Url::parse(&issuer).is_ok_and(|url| url.scheme() == "https" || (url.scheme() == "http" && loopback(&url))) {
        section.fault("issuer", "a URL that begins with https://");
    }
    let groups = section.list("groups", |group| {
        let name = group.required("group", "a group as the provider's claim has it");
        let role = group.required("role", "officer, press, admin or another role");
        let role = role.parse().map_err(|error: crate::domain::words::UnknownWord| group.fault("role", &format!("one of {}", error.expected.join(", ")))).ok();
        let team = group.text("team");
        Some(GroupConfig { group: name, role: role?, team })
    });
    if groups.is_empty() {
        section.fault("groups", "at least one [[oidc.groups]] with group and role: nobody could sign in without");
    }
    let scopes = section.texts("scopes");
    OidcConfig {
        issuer,
        client_id: section.required("client_id", "the client id that the provider gave"),
        client_secret: section.required_secret("client_secret", "the client's secret"),
        name: section.text_or("name", "your force account"),
        scopes: if scopes.is_empty() { ["profile", "email"].map(str::to_owned).to_vec() } else { scopes },
        groups_claim: section.text_or("groups_claim", "groups"),
        groups: groups.into_iter().flatten().collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    fn keys(toml: &str) -> Vec<String> {
        Config::from_toml(toml).err().unwrap_or_default().into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn what_a_sign_in_by_the_directory_needs_is_told_if_it_is_missing() {
        let whole = "[oidc]\nissuer = \"https://login.force.example\"\nclient_id = \"huecry\"\nclient_secret = \"hunter2\"\n\
                     [[oidc.groups]]\ngroup = \"NPT\"\nrole = \"officer\"\nteam = \"Dales\"\n";
        assert_eq!(keys(whole), [""; 0]);
        assert!(!format!("{:?}", Config::from_toml(whole).unwrap()).contains("hunter2"));
        assert_eq!(keys("[oidc]\n"), ["oidc.issuer", "oidc.groups", "oidc.client_id", "oidc.client_secret"]);
        assert_eq!(keys(&whole.replace("https", "http")), ["oidc.issuer"]);
        assert_eq!(keys(&whole.replace("\"officer\"", "\"chief\"")), ["oidc.groups[0].role"]);
        assert_eq!(keys("[security]\nlocal_accounts = false\n"), ["security.local_accounts"]);
        assert_eq!(keys("[security]\ntotp = \"maybe\"\n"), ["security.totp"]);
    }
}
