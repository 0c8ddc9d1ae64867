//! Accounts from outside: the second step, guesses that lock nobody else out, sessions, passwords, the directory,
//! administrators' pages.

mod administration;
mod directory;
mod guesses;
mod passwords;
mod second_step;
mod sessions;

use huecry::domain::{At, totp};
use huecry::store::audit_log;

use crate::support::app::{PASSWORD, TestApp};
use crate::support::browser::{Answer, Client};
use crate::support::db::TestDb;

pub(crate) const OFFICER: &str = "owner@force.example";
pub(crate) const ADMIN: &str = "admin@force.example";

/// Sends the sign-in form from a browser.
pub(crate) async fn sign_in(client: &mut Client, email: &str, password: &str) -> Answer {
    client.get("/sign-in").await;
    client.submit("/sign-in", &[("email", email), ("password", password), ("next", "")]).await
}

/// The id of an account.
pub(crate) async fn id_of(db: &TestDb, email: &str) -> i64 {
    huecry::store::accounts::find_officer_by_email(&mut db.read().await, email).await.unwrap().unwrap().id
}

/// The actions in the audit log on an officer, oldest first.
pub(crate) async fn acts_on(db: &TestDb, officer_id: i64) -> Vec<String> {
    audit_log::list_of(&mut db.read().await, "officer", officer_id).await.unwrap().into_iter().map(|row| row.action).collect()
}

/// The secret that the set-up page shows in text.
fn secret_in(page: &str) -> Vec<u8> {
    let text = page.split_once("class=\"secret\">").unwrap().1.split_once('<').unwrap().0;
    let (mut held, mut bits, mut bytes) = (0_u32, 0_u32, Vec::new());
    for letter in text.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        held = (held << 5) | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

/// The app's code at this moment and so many steps on.
fn code(secret: &[u8], now: At, steps: i64) -> String {
    totp::code(secret, totp::step_at(now) + steps)
}

/// Sets codes up for whoever is signed in; gives the secret and the recovery codes. The step before this one is used.
async fn set_up(t: &TestApp, client: &mut Client) -> (Vec<u8>, Vec<String>) {
    let page = client.get("/me/security/codes").await;
    assert_eq!(page.status, 200);
    let secret = secret_in(&page.body);
    let shown = client.submit("/me/security/codes", &[("code", &code(&secret, t.app.now(), -1))]).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    let codes = shown.body.split("<li><code>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect();
    (secret, codes)
}

/// A browser in which an officer has signed in once with their password.
async fn known_browser(t: &TestApp, email: &str) -> Client {
    let mut client = t.visitor();
    assert_eq!(sign_in(&mut client, email, PASSWORD).await.status, 303);
    client.get("/me/security").await;
    client.submit("/sign-out", &[]).await;
    client
}
