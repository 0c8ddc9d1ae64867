//! Signing in by the force's directory, with a real OpenID provider: npm's `oidc-provider` in node, in `tests/oidc`.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use huecry::store::accounts::{self, OfficerRow};
use serde_json::{Value, json};

use super::{acts_on, id_of, sign_in};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::browser::{Answer, Client};
use crate::support::checkout;
use crate::support::db::TestDb;

/// The provider; it ends with its standard input, when this is dropped.
struct Provider {
    child: Child,
    commands: ChildStdin,
    told: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let folder = checkout().join("tests/oidc");
        assert!(folder.join("node_modules/oidc-provider").is_dir(), "no npm package oidc-provider in tests/oidc: run scripts/setup");
        let piped = Stdio::piped;
        let mut child = Command::new("node").arg("provider.js").current_dir(folder).stdin(piped()).stdout(piped()).stderr(Stdio::null()).spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = told.next().unwrap().unwrap();
        Self { child, commands, told, issuer }
    }

    fn tell(&mut self, what: Value) {
        writeln!(self.commands, "{what}").unwrap();
        assert_eq!(self.told.next().unwrap().unwrap(), "ok");
    }

    /// Who signs in next.
    fn person(&mut self, sub: &str, email: &str, groups: &[&str]) {
        self.tell(json!({ "person": { "sub": sub, "name": format!("PC {sub}"), "email": email, "email_verified": true, "groups": groups } }));
    }

    fn settings(&self) -> String {
        format!(
            "[oidc]\nissuer = \"{}\"\nclient_id = \"huecry\"\nclient_secret = \"an-invented-secret-of-some-length\"\nname = \"Force ID\"\n\
             [[oidc.groups]]\ngroup = \"Admins\"\nrole = \"admin\"\n[[oidc.groups]]\ngroup = \"NPT-Dales\"\nrole = \"officer\"\nteam = \"Dales\"\n\
             [[oidc.groups]]\ngroup = \"Media\"\nrole = \"press\"\n",
            self.issuer
        )
    }

    /// A gateway that knows this provider, and is known to it.
    async fn gateway(&mut self, db: &TestDb, more: &str) -> TestApp {
        let t = TestApp::start_with(db, &format!("{}{more}", self.settings()), false).await;
        self.tell(json!({ "redirect": format!("{}/sign-in/oidc/callback", t.url) }));
        t
    }

    /// Walks from our door to the provider and back, as far as our way back; gives its path.
    async fn walk(&self, client: &mut Client) -> String {
        let begun = client.get("/sign-in/oidc?next=%2Falerts").await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let mut there = Client::new(&self.issuer);
        let mut next = begun.location.unwrap();
        assert!(next.contains("code_challenge_method=S256") && next.contains("nonce=") && next.contains("state="), "{next}");
        for _ in 0..6 {
            let path = next.strip_prefix(&self.issuer).unwrap_or(&next).to_owned();
            let answer = there.get(&path).await;
            next = answer.location.unwrap_or_else(|| panic!("the provider stopped at {path}: {}", answer.body));
            if let Some((_, back)) = next.split_once("/sign-in/oidc/callback") {
                return format!("/sign-in/oidc/callback{back}");
            }
        }
        panic!("the provider leads on and on: {next}");
    }

    async fn sign_in(&self, client: &mut Client) -> Answer {
        let back = self.walk(client).await;
        client.get(&back).await
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

async fn row(db: &TestDb, email: &str) -> OfficerRow {
    accounts::find_officer_by_email(&mut db.read().await, email).await.unwrap().unwrap()
}

on_both!(an_account_is_made_at_the_first_sign_in_and_brought_up_to_date_at_each, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("u-1", "New.Officer@force.example", &["All staff", "NPT-Dales"]);
    let mut client = t.visitor();
    assert!(client.get("/sign-in").await.body.contains("Sign in with Force ID"));
    let answer = provider.sign_in(&mut client).await;
    assert_eq!((answer.status, answer.location.as_deref()), (303, Some("/alerts")), "{}", answer.body);
    assert_eq!(client.get("/inbox").await.status, 200);
    assert!(client.get("/me/security").await.body.contains("by the force’s directory"));
    let made = row(db, "new.officer@force.example").await;
    assert_eq!((made.name.as_str(), made.role.as_str(), made.team_id), ("PC u-1", "officer", t.owner.team_id));
    assert_eq!(sign_in(&mut t.visitor(), "new.officer@force.example", "").await.status, 422, "there is no password that opens it");

    provider.person("u-1", "renamed@force.example", &["Media"]);
    let mut again = t.visitor();
    assert_eq!(provider.sign_in(&mut again).await.status, 303);
    let moved = row(db, "renamed@force.example").await;
    assert_eq!((moved.id, moved.role.as_str(), moved.team_id), (made.id, "press", None), "the person is the same, whatever their address");
    assert_eq!(client.get("/inbox").await.status, 303, "whoever's role changed signs in anew");
    assert_eq!(again.get("/inbox").await.status, 403);
    let acts = acts_on(db, made.id).await;
    assert_eq!(acts, ["officer.add", "officer.sign_in", "officer.sign_in_failed", "officer.change", "officer.sign_in"]);
    t.stop().await;
});

on_both!(whoever_is_in_no_mapped_group_stays_out_and_whoever_leaves_it_is_out_at_once, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("u-2", "stranger2@force.example", &["All staff"]);
    let mut client = t.visitor();
    let refused = provider.sign_in(&mut client).await;
    assert!(refused.status == 403 && refused.body.contains("in none of the groups"), "{}", refused.body);
    assert_eq!(client.get("/inbox").await.status, 303);
    assert!(accounts::find_officer_by_email(&mut db.read().await, "stranger2@force.example").await.unwrap().is_none());
    provider.person("u-2", "stranger2@force.example", &["NPT-Dales"]);
    assert_eq!(provider.sign_in(&mut client).await.status, 303);
    provider.person("u-2", "stranger2@force.example", &[]);
    assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 403);
    assert_eq!(client.get("/inbox").await.status, 303);
    t.stop().await;
});

on_both!(an_account_that_was_here_is_theirs_only_by_an_address_that_was_made_sure_of, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    let owner = id_of(db, "owner@force.example").await;
    provider.tell(json!({ "person": { "sub": "u-3", "email": "owner@force.example", "email_verified": false, "groups": ["Admins"] } }));
    let refused = provider.sign_in(&mut t.visitor()).await;
    assert!(refused.status == 403 && refused.body.contains("another account here has it"), "{}", refused.body);
    provider.person("u-3", "owner@force.example", &["NPT-Dales"]);
    assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 303);
    assert_eq!(id_of(db, "owner@force.example").await, owner);
    provider.person("u-4", "owner@force.example", &["NPT-Dales"]);
    assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 403, "it is somebody's already");
    accounts::set_disabled(&mut db.write().await, owner, Some(t.app.now())).await.unwrap();
    provider.person("u-3", "owner@force.example", &["NPT-Dales"]);
    let refused = provider.sign_in(&mut t.visitor()).await;
    assert!(refused.status == 403 && refused.body.contains("disabled"), "{}", refused.body);
    t.stop().await;
});

on_both!(a_way_back_counts_once_in_its_own_browser, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("u-5", "five@force.example", &["NPT-Dales"]);
    let mut client = t.visitor();
    let back = provider.walk(&mut client).await;
    let stolen = t.visitor().get(&back).await;
    assert!(stolen.status == 403 && stolen.body.contains("Begin again"), "{}", stolen.body);
    let mut other = t.visitor();
    provider.walk(&mut other).await;
    assert_eq!(other.get(&back).await.status, 403, "another sign-in's state");
    let cookies = client.cookie_header();
    assert_eq!(client.get(&back).await.status, 303);
    let replayed = t.http().get(format!("{}{back}", t.url)).header("cookie", cookies).send().await.unwrap();
    assert_eq!(replayed.status().as_u16(), 403, "the provider takes a code once");
    let mut late = t.visitor();
    let back = provider.walk(&mut late).await;
    t.app.clock().advance_ms(10 * 60_000 + 1);
    assert_eq!(late.get(&back).await.status, 403);
    t.stop().await;
});

on_both!(a_token_that_is_not_sound_opens_nothing, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("u-6", "six@force.example", &["Admins"]);
    let wrong = [
        json!({ "aud": "another-client" }),
        json!({ "aud": ["huecry", "another-client"] }),
        json!({ "azp": "another-client" }),
        json!({ "iss": "https://login.elsewhere.example" }),
        json!({ "exp": 1_700_000_000 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "by": "stranger" }),
        json!({ "by": "none" }),
        json!({ "by": "secret" }),
    ];
    for alg in ["RS256", "ES256"] {
        provider.tell(json!({ "alg": alg }));
        for forge in &wrong {
            provider.tell(json!({ "forge": forge }));
            let refused = provider.sign_in(&mut t.visitor()).await;
            assert!(refused.status == 403 && refused.body.contains("does not answer as it should"), "{alg} {forge}: {} {}", refused.status, refused.body);
        }
        provider.tell(json!({ "forge": { "name": "As it should be" } }));
        assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 303, "{alg}");
    }
    assert_eq!(row(db, "six@force.example").await.name, "As it should be");
    t.stop().await;
});

on_both!(keys_that_change_and_claims_that_are_told_elsewhere_are_found, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("u-7", "seven@force.example", &["NPT-Dales"]);
    assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 303);
    provider.tell(json!({ "keys": "new" }));
    let answer = provider.sign_in(&mut t.visitor()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    provider.tell(json!({ "claims_in": "userinfo" }));
    provider.person("u-8", "eight@force.example", &["Media"]);
    let answer = provider.sign_in(&mut t.visitor()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(row(db, "eight@force.example").await.role, "press");
    t.stop().await;
});

on_both!(passwords_can_be_switched_off_where_there_is_a_directory, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "# security local_accounts = false").await;
    let mut client = t.visitor();
    let page = client.get("/sign-in").await.body;
    assert!(page.contains("Sign in with Force ID") && !page.contains("type=\"password\""), "{page}");
    let refused = client.submit("/sign-in", &[("email", "owner@force.example"), ("password", PASSWORD), ("next", "")]).await;
    assert!(refused.status == 400 && refused.body.contains("Nobody signs in by password here"), "{}", refused.body);
    t.stop().await;
});

on_both!(whoever_the_directory_knows_comes_in_by_it_alone, async |db| {
    let mut provider = Provider::start();
    let t = provider.gateway(db, "").await;
    provider.person("owner", "owner@force.example", &["NPT-Dales"]);
    assert_eq!(provider.sign_in(&mut t.visitor()).await.status, 303);
    assert_eq!(sign_in(&mut t.visitor(), "owner@force.example", PASSWORD).await.status, 422, "the password that was here opens nothing any more");
    provider.person("owner", "owner@force.example", &["Nobody"]);
    provider.sign_in(&mut t.visitor()).await;
    assert_eq!(sign_in(&mut t.visitor(), "owner@force.example", PASSWORD).await.status, 422, "nor after they were taken out of their group");
    let (admin, owner) = (id_of(db, "admin@force.example").await, id_of(db, "owner@force.example").await);
    assert!(huecry::accounts::officers::reset_link(&t.app, admin, owner).await.unwrap().is_none(), "nor does a link give them another");
    t.stop().await;
});
