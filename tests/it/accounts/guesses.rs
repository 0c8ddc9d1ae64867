//! Wrong passwords: whoever guesses must wait, and nobody else.

use super::{OFFICER, acts_on, id_of, known_browser, sign_in};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::browser::Client;

/// Behind a proxy of ours, so that a test can come from anywhere.
const PROXY: &str = "# server trusted_proxies = [\"127.0.0.1\"]";

async fn from(client: &mut Client, network: &str) {
    client.come_from(network);
    client.get("/sign-in").await;
}

on_both!(whoever_guesses_must_wait_and_the_officer_at_their_own_browser_need_not, async |db| {
    let t = TestApp::start_with(db, PROXY, false).await;
    let mut station = known_browser(&t, OFFICER).await;
    let mut attacker = t.visitor();
    from(&mut attacker, "203.0.113.9").await;
    for _ in 0..5 {
        assert_eq!(sign_in(&mut attacker, OFFICER, "a wrong password").await.status, 422);
    }
    let held = sign_in(&mut attacker, OFFICER, PASSWORD).await;
    assert!(held.status == 429 && held.body.contains("Wait 5 seconds"), "even the right one, or it would be told: {} {}", held.status, held.body);
    // The same network as the attacker's, as in a station that somebody else sits in.
    from(&mut station, "203.0.113.9").await;
    assert_eq!(sign_in(&mut station, OFFICER, PASSWORD).await.status, 303);
    // Another network, in a browser that is new: the account as such is not locked.
    let mut home = t.visitor();
    from(&mut home, "198.51.100.7").await;
    assert_eq!(sign_in(&mut home, OFFICER, PASSWORD).await.status, 303);
    // The attacker's wait ends, by the app's clock, and grows.
    t.app.clock().advance_ms(5_001);
    assert_eq!(sign_in(&mut attacker, OFFICER, "another").await.status, 422);
    assert!(sign_in(&mut attacker, OFFICER, "another").await.body.contains("Wait 10 seconds"));
    let acts = acts_on(db, id_of(db, OFFICER).await).await;
    assert!(acts.iter().filter(|act| *act == "officer.sign_in_failed").count() == 6 && acts.contains(&"officer.sign_in_held".to_owned()), "{acts:?}");
    t.stop().await;
});

on_both!(a_name_that_nobody_has_is_counted_like_any_other, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut attacker = t.visitor();
    for _ in 0..5 {
        assert_eq!(sign_in(&mut attacker, "nobody@force.example", "guess").await.status, 422);
    }
    assert_eq!(sign_in(&mut attacker, "nobody@force.example", "guess").await.status, 429);
    assert_eq!(sign_in(&mut attacker, OFFICER, "guess").await.status, 422, "another account has its own count");
    t.stop().await;
});

on_both!(a_network_that_tries_every_account_must_wait_and_a_known_browser_in_it_need_not, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut station = known_browser(&t, OFFICER).await;
    let mut attacker = t.visitor();
    for number in 0..60 {
        assert_eq!(sign_in(&mut attacker, &format!("pc{number}@force.example"), "Password123!").await.status, 422);
    }
    let held = sign_in(&mut attacker, "mate@force.example", PASSWORD).await;
    assert!(held.status == 429 && held.body.contains("from your network"), "{}", held.body);
    assert_eq!(sign_in(&mut station, OFFICER, PASSWORD).await.status, 303);
    t.stop().await;
});

on_both!(many_guesses_at_the_same_moment_share_the_free_ones, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let tries = (0..30).map(|_| {
        let mut client = t.visitor();
        async move { sign_in(&mut client, OFFICER, "a wrong password").await.status }
    });
    let told = futures_util::future::join_all(tries).await;
    assert_eq!(told.iter().filter(|status| **status == 422).count(), 5, "{told:?}");
    assert_eq!(told.iter().filter(|status| **status == 429).count(), 25, "{told:?}");
    t.stop().await;
});

on_both!(a_success_begins_the_count_anew, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for _ in 0..3 {
        let mut client = t.visitor();
        for _ in 0..4 {
            assert_eq!(sign_in(&mut client, OFFICER, "mistyped").await.status, 422);
        }
        assert_eq!(sign_in(&mut client, OFFICER, PASSWORD).await.status, 303);
    }
    t.stop().await;
});

on_both!(codes_are_counted_for_the_account_wherever_they_come_from_and_its_owner_is_told, async |db| {
    let t = TestApp::start_with(db, PROXY, true).await;
    let (secret, _) = crate::accounts::set_up(&t, &mut t.officer(OFFICER).await).await;
    for network in 1..=11 {
        let mut thief = t.visitor();
        from(&mut thief, &format!("203.0.113.{network}")).await;
        let asked = sign_in(&mut thief, OFFICER, PASSWORD).await;
        let ticket = crate::support::browser::value_of_hidden(&asked.body, "ticket").unwrap();
        let typed = if network == 11 { crate::accounts::code(&secret, t.app.now(), 0) } else { crate::accounts::code(&secret, t.app.now(), 40) };
        let answer = thief.submit("/sign-in/code", &[("ticket", &ticket), ("code", &typed), ("next", "")]).await;
        assert_eq!(answer.status, if network == 11 { 429 } else { 422 }, "from network {network}: {}", answer.body);
    }
    let mails = t.wait_for_mails(OFFICER, 1).await;
    assert!(mails[0]["text"].as_str().unwrap().contains("choose a new password"), "{mails:?}");
    t.app.clock().advance_ms(15 * 60_000);
    let mut owner = t.visitor();
    let asked = sign_in(&mut owner, OFFICER, PASSWORD).await;
    let ticket = crate::support::browser::value_of_hidden(&asked.body, "ticket").unwrap();
    let typed = crate::accounts::code(&secret, t.app.now(), 0);
    assert_eq!(owner.submit("/sign-in/code", &[("ticket", &ticket), ("code", &typed), ("next", "")]).await.status, 303, "after the wait the owner is in");
    t.stop().await;
});

on_both!(tries_that_are_held_do_not_fill_the_audit_log, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let mut attacker = t.visitor();
    for _ in 0..25 {
        sign_in(&mut attacker, OFFICER, "a wrong password").await;
    }
    let acts = acts_on(db, id_of(db, OFFICER).await).await;
    assert_eq!(acts.len(), 6, "five failures and the wait that they began: {acts:?}");
    t.stop().await;
});
