//! Forms change something only for the person who opened them: same site, their own token.

use huecry::store::accounts;
use huecry::web::routes::{Guard, TABLE};

use crate::support::app::{PASSWORD, SECTOR, TestApp};
use crate::support::browser::{Client, value_of_hidden};
use crate::support::db::TestDb;

/// Forms that prove themselves by the link alone, as one-press unsubscribing must (RFC 8058).
const BY_LINK: &[&str] = &["/leave/{token}"];

/// Every form; those that end a session come last, so that the others are sent by somebody who is signed in.
fn forms() -> Vec<(&'static str, Guard)> {
    let ours = TABLE.iter().filter(|(method, path, guard)| *method == "post" && *guard != Guard::Key && !BY_LINK.contains(path));
    let mut forms: Vec<_> = ours.map(|(_, path, guard)| (*path, *guard)).collect();
    forms.sort_by_key(|(path, _)| path.ends_with("/leave") || path.ends_with("/sign-out"));
    forms
}

fn filled(path: &str) -> String {
    let id = if ["/admin/", "/me/", "/inbox/views/"].iter().any(|room| path.starts_with(room)) { "1" } else { "aaaaaaaaaaaaaaaa" };
    path.replace("{id}", id).replace("{reference}", "K7Q2M").replace("{message}", "aaaaaaaaaaaaaaaa").replace("{ordinal}", "0")
}

/// A browser for each kind of person who may open a form, each with its token.
struct People {
    anybody: Client,
    resident: Client,
    officer: Client,
    administrator: Client,
}

impl People {
    async fn of(t: &TestApp, db: &TestDb) -> Self {
        t.add_resident(db, "Ann", &["ann@example.org"], &[]).await;
        let mut resident = t.visitor();
        resident.get("/account/sign-in").await;
        let asked = resident.submit("/account/sign-in", &[("address", "ann@example.org")]).await;
        let text = t.wait_for_mails("ann@example.org", 1).await[0]["text"].as_str().unwrap().to_owned();
        let code = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap().to_owned();
        let ticket = value_of_hidden(&asked.body, "ticket").unwrap();
        assert_eq!(resident.submit("/account/code", &[("ticket", &ticket), ("code", &code)]).await.status, 303);
        let mut anybody = t.visitor();
        let mut officer = t.officer("owner@force.example").await;
        let mut administrator = crate::privacy::reader(t, db).await;
        for (client, page) in [(&mut anybody, "/join"), (&mut resident, "/account"), (&mut officer, "/inbox"), (&mut administrator, "/admin")] {
            assert_eq!(client.get(page).await.status, 200, "{page}");
            assert!(!client.csrf().is_empty(), "{page} has no form");
        }
        Self { anybody, resident, officer, administrator }
    }

    fn who_may(&self, path: &str, guard: Guard) -> &Client {
        match guard {
            Guard::Resident => &self.resident,
            Guard::Officer if path.starts_with("/admin/") => &self.administrator,
            Guard::Officer => &self.officer,
            Guard::Public => &self.anybody,
            Guard::Key | Guard::Webhook => panic!("{path} is no form"),
        }
    }
}

async fn post(t: &TestApp, client: &Client, path: &str, csrf: &str, headers: &[(&str, &str)]) -> u16 {
    let body: String = form_urlencoded::Serializer::new(String::new()).append_pair("csrf", csrf).append_pair("step", "postcode").finish();
    let mut request = t.http().post(format!("{}{path}", t.url)).header("cookie", client.cookie_header()).body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap().status().as_u16()
}

on_both!(a_form_from_another_site_is_refused_on_every_route, async |db| {
    let t = TestApp::start(db).await;
    let people = People::of(&t, db).await;
    let elsewhere: &[&[(&str, &str)]] = &[
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &t.url)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    for (path, guard) in forms() {
        let client = people.who_may(path, guard);
        for headers in elsewhere {
            assert_eq!(post(&t, client, &filled(path), client.csrf(), headers).await, 403, "{path} from {headers:?}");
        }
        let here = post(&t, client, &filled(path), client.csrf(), &[("origin", &t.url), ("sec-fetch-site", "same-origin")]).await;
        assert_ne!(here, 403, "{path} is refused whoever sends it, so that this proves nothing");
    }
    t.stop().await;
});

on_both!(a_form_without_its_own_token_is_refused_on_every_route, async |db| {
    let t = TestApp::start(db).await;
    let people = People::of(&t, db).await;
    let mut other = t.officer("mate@force.example").await;
    other.get("/inbox").await;
    for (path, guard) in forms() {
        let client = people.who_may(path, guard);
        for csrf in ["", "x", &"0".repeat(64), other.csrf()] {
            assert_eq!(post(&t, client, &filled(path), csrf, &[("sec-fetch-site", "same-origin")]).await, 403, "{path} with {csrf:?}");
        }
    }
    t.stop().await;
});

on_both!(a_sign_in_from_elsewhere_or_with_a_wrong_password_makes_no_session, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut visitor = t.visitor();
    visitor.get("/sign-in").await;
    let wrong = visitor.submit("/sign-in", &[("email", "owner@force.example"), ("password", "guess"), ("next", "")]).await;
    let nobody = visitor.submit("/sign-in", &[("email", "nobody@force.example"), ("password", PASSWORD), ("next", "")]).await;
    assert_eq!((wrong.status, nobody.status), (422, 422), "the same whether or not there is such an account");
    assert_eq!(visitor.get("/inbox").await.status, 303);
    let away = visitor.submit("/sign-in", &[("email", "owner@force.example"), ("password", PASSWORD), ("next", "//evil.example")]).await;
    assert_eq!((away.status, away.location.as_deref()), (303, Some("/inbox")), "signing in leads to a page of ours only");
    t.stop().await;
});

on_both!(plain_punctuation_is_offered_where_it_saves_and_put_in_without_a_script, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let long = "did you see it pass by on Mill Lane between nine and ten last night? ".repeat(2);
    let written = format!("Don’t chase it – {long}“Caravan”");
    let fields = |text, action| [("title", ""), ("kind", "appeal"), ("urgency", "urgent"), ("sms_text", text), ("area", SECTOR), ("action", action)];
    let offered = officer.submit("/alerts/new", &fields(&written, "preview")).await.body;
    assert!(offered.contains("4 parts"), "{offered}");
    assert!(offered.contains("Not in the phone alphabet: ’, –, “ and ”. A part holds 67 characters instead of 153."), "{offered}");
    assert!(offered.contains("Use plain punctuation") && offered.contains("It makes 2 parts instead of 4"), "{offered}");

    let folded = officer.submit("/alerts/new", &fields(&written, "plain")).await;
    assert_eq!(folded.status, 200);
    assert!(folded.body.contains(&format!("Don&#39;t chase it - {long}&#34;Caravan&#34;</textarea>")), "{}", folded.body);
    assert!(folded.body.contains("2 parts") && folded.body.contains("·····"), "{}", folded.body);
    assert!(!folded.body.contains("Use plain punctuation") && !folded.body.contains("Not in the phone alphabet"), "{}", folded.body);
    assert!(folded.body.contains("value=\"urgent\" checked"), "the rest of the form stays: {}", folded.body);
    assert!(!folded.body.contains("data-error-summary"), "whoever asks for it is still writing: {}", folded.body);

    // For a script, with what it needs to do so at once.
    let preview = officer.submit("/alerts/preview", &fields(&written, "preview")).await.body;
    assert!(preview.contains(&format!("data-plain=\"Don&#39;t chase it - {long}&#34;Caravan&#34;\"")), "{preview}");
    t.stop().await;
});

on_both!(welsh_is_told_dear_and_left_as_it_is, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let written = format!("Mae’r dŵr yn codi\u{a0}{}", "ger yr afon ".repeat(12));
    let fields = |action| [("title", "x"), ("sms_text", written.as_str()), ("action", action)];
    let page = officer.submit("/alerts/preview", &fields("preview")).await.body;
    assert!(page.contains("Not in the phone alphabet: ’, ŵ and a no-break space."), "{page}");
    assert!(page.contains("Welsh letters are right as they are") && !page.contains("Use plain punctuation"), "{page}");
    let folded = officer.submit("/alerts/new", &fields("plain")).await.body;
    assert!(folded.contains("Mae&#39;r dŵr yn codi ger yr afon"), "{folded}");
    t.stop().await;
});

on_both!(what_an_officer_cannot_see_is_said_on_a_page_of_theirs, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut officer = t.officer("owner@force.example").await;
    for (path, status) in [("/inbox/aaaaaaaaaaaaaaaa", 404), ("/admin/officers", 403), ("/no/such/page", 404)] {
        let seen = officer.get(path).await;
        assert_eq!(seen.status, status, "{path}");
        assert!(seen.body.contains("Back to the inbox") && seen.body.contains("aria-label=\"Main\"") && !seen.body.contains("/join"), "{path}: {}", seen.body);
    }
    let mut press = t.officer("press@force.example").await;
    assert!(press.get("/inbox").await.body.contains("Back to the press desk"));
    let anybody = t.http().get(format!("{}/no/such/page", t.url)).send().await.unwrap().text().await.unwrap();
    assert!(anybody.contains("Go to the front page") && !anybody.contains("Back to the inbox"), "{anybody}");
    t.stop().await;
});

on_both!(who_was_signed_out_is_told_so_and_one_fault_is_one_error, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/inbox").await;
    huecry::accounts::sessions::end_all(&t.app, t.owner.id, t.owner.id, None).await.unwrap();
    let away = officer.get("/inbox?view=team").await;
    let to = away.location.unwrap();
    assert!(to.starts_with("/sign-in?next=%2Finbox%3Fview%3Dteam") && to.ends_with("&ended=1"), "{to}");
    let told = officer.get(&to).await.body;
    assert!(told.contains("You were signed out") && told.contains("value=\"/inbox?view=team\""), "{told}");
    assert!(!officer.get("/sign-in").await.body.contains("You were signed out"), "who comes by themselves is told nothing");
    let wrong = officer.submit("/sign-in", &[("email", "owner@force.example"), ("password", "wrong-wrong-wrong")]).await;
    assert!(wrong.status == 422 && wrong.body.matches("class=\"field-error\"").count() == 1, "{}", wrong.body);
    t.stop().await;
});

on_both!(everybody_lands_where_work_waits_for_them, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for (role, home) in
        [("officer", "/inbox"), ("supervisor", "/inbox?view=team"), ("duty_desk", "/inbox?view=waiting"), ("press", "/press"), ("admin", "/admin")]
    {
        let row = huecry::store::accounts::OfficerRow { role: role.into(), ..t.owner.clone() };
        assert_eq!(huecry::web::officers::sign_in::home_of(&row), home, "{role}");
    }
    t.stop().await;
});

on_both!(a_new_alert_begins_with_the_officers_own_area, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut officer = t.officer("owner@force.example").await;
    let area = db.add_area("E07000099", "district").await;
    let team = t.owner.team_id.expect("a team");
    let name = accounts::find_team_by_id(&mut db.read().await, team).await.unwrap().unwrap().name;
    accounts::change_team(&mut db.write().await, team, &name, Some(area.id)).await.unwrap();
    let page = officer.get("/alerts/new").await.body;
    assert!(page.contains(&format!("name=\"area\" value=\"{}\" checked", area.code)), "{page}");
    assert_eq!(page.matches(" checked data-district").count(), 1, "no other is");
    t.stop().await;
});
