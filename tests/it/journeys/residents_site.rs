//! Residents join, come back, change their mind and leave, with a code and no password.

use crate::support::app::{POSTCODE, TestApp, eventually};
use crate::support::browser::{Client, value_of_hidden};

/// The six digits in the newest text or mail.
fn code_in(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap().to_owned()
}

/// The form with the channels that have an address.
fn ways<'a>(phone: &'a str, email: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("postcode", POSTCODE), ("group", "cctv-owners"), ("name", "Ann Archer")];
    for (tick, field, value) in [("by_sms", "phone", phone), ("by_email", "email", email)] {
        if !value.is_empty() {
            form.extend([(tick, "on"), (field, value)]);
        }
    }
    form
}

async fn fill_in(visitor: &mut Client, phone: &str, email: &str) -> String {
    visitor.get("/join").await;
    let groups = visitor.submit("/join", &[("step", "postcode"), ("postcode", "de451aa")]).await;
    assert!(groups.status == 200 && groups.body.contains("name=\"group\""), "{}", groups.body);
    let channels = visitor.submit("/join", &[("step", "groups"), ("postcode", POSTCODE), ("group", "cctv-owners")]).await;
    assert!(channels.body.contains("name=\"by_sms\""), "{}", channels.body);
    let form = ways(phone, email);
    let check = visitor.submit("/join", &[[("step", "channels")].as_slice(), &form].concat()).await;
    assert!(check.status == 200 && check.body.contains("Ann Archer"), "{}", check.body);
    visitor.submit("/join", &[[("step", "check")].as_slice(), &form].concat()).await.body
}

async fn answer_code(visitor: &mut Client, page: &str, code: &str, phone: &str, email: &str) -> crate::support::browser::Answer {
    let ticket = value_of_hidden(page, "ticket").unwrap();
    let form = ways(phone, email);
    visitor.submit("/join", &[[("step", "code"), ("ticket", ticket.as_str()), ("code", code)].as_slice(), &form].concat()).await
}

on_both!(a_resident_joins_with_a_code_to_each_address_and_gets_the_next_alert, async |db| {
    let t = TestApp::start(db).await;
    let (phone, email) = ("+447700900150", "ann@example.org");
    let mut visitor = t.visitor();
    let page = fill_in(&mut visitor, "07700 900150", email).await;
    let code = code_in(&t.wait_for_texts(phone, 1).await[0].1);
    let wrong = answer_code(&mut visitor, &page, "000000", "07700 900150", email).await;
    assert_eq!(wrong.status, 422, "a wrong code is told as such");
    let next = answer_code(&mut visitor, &page, &code, "07700 900150", email).await;
    assert_eq!(next.status, 200);
    let code = code_in(t.wait_for_mails(email, 1).await[0]["text"].as_str().unwrap());
    let done = answer_code(&mut visitor, &next.body, &code, "07700 900150", email).await;
    assert_eq!(done.status, 200, "{}", done.body);

    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    assert!(t.wait_for_texts(phone, 2).await[1].1.contains("First alert"));
    t.wait_for_mails(email, 2).await;
    let account = visitor.get("/account").await;
    assert!(account.status == 200 && account.body.contains("Ann Archer") && account.body.contains("07700 900150"), "joining signs in: {}", account.body);
    t.stop().await;
});

on_both!(a_code_can_be_guessed_at_five_times_and_no_more, async |db| {
    let t = TestApp::start(db).await;
    let mut visitor = t.visitor();
    let page = fill_in(&mut visitor, "07700 900150", "ann@example.org").await;
    let code = code_in(&t.wait_for_texts("+447700900150", 1).await[0].1);
    for _ in 0..5 {
        assert_eq!(answer_code(&mut visitor, &page, "000000", "07700 900150", "ann@example.org").await.status, 422);
    }
    let late = answer_code(&mut visitor, &page, &code, "07700 900150", "ann@example.org").await;
    assert!(late.status == 422 && late.body.contains("no longer works"), "{}", late.body);
    t.stop().await;
});

on_both!(a_resident_comes_back_by_code_changes_and_leaves, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann Archer", &["+447700900101", "ann@example.org"], &["dog-walkers"]).await;
    let mut visitor = t.visitor();
    visitor.get("/account/sign-in").await;
    let asked = visitor.submit("/account/sign-in", &[("address", "ANN@example.org")]).await;
    let unknown = visitor.submit("/account/sign-in", &[("address", "nobody@example.org")]).await;
    assert_eq!((asked.status, unknown.status), (200, 200), "the same answer whether or not they are registered");
    let code = code_in(t.wait_for_mails("ann@example.org", 1).await[0]["text"].as_str().unwrap());
    let ticket = value_of_hidden(&asked.body, "ticket").unwrap();
    let signed_in = visitor.submit("/account/code", &[("ticket", &ticket), ("code", &code)]).await;
    assert_eq!((signed_in.status, signed_in.location.as_deref()), (303, Some("/account")));
    let again = t.visitor().submit("/account/code", &[("ticket", &ticket), ("code", &code)]).await;
    assert_ne!(again.status, 303, "a code works once");

    // They text STOP, then turn texts on again by hand.
    t.text("+447700900101", "+447700900001", "STOP").await;
    t.wait_for_texts("+447700900101", 1).await;
    let account = visitor.get("/account").await;
    assert!(account.body.contains("You texted STOP"), "{}", account.body);
    let boxes: Vec<String> = account.body.split("name=\"use_").skip(1).map(|rest| format!("use_{}", rest.split('"').next().unwrap())).collect();
    assert_eq!(boxes.len(), 2);
    let mut fields = vec![("name", "Ann Archer"), ("postcode", "DE45 1AB"), ("group", "cctv-owners")];
    fields.extend(boxes.iter().map(|name| (name.as_str(), "on")));
    assert_eq!(visitor.submit("/account", &fields).await.status, 303);
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    t.wait_for_texts("+447700900101", 2).await;

    visitor.get("/account/leave").await;
    assert_eq!(
        t.app
            .run({
                let app = t.app.clone();
                async move { huecry::store::residents::count(&mut app.read().await.unwrap()).await.unwrap() }
            })
            .await,
        1,
        "looking changes nothing"
    );
    let left = visitor.submit("/account/leave", &[]).await;
    assert_eq!(left.status, 200);
    assert_eq!(visitor.get("/account").await.status, 303, "they are signed out");
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("bob@example.org", 1).await;
    assert_eq!(t.texts("+447700900101").await.len(), 2, "nothing more goes to them");
    t.stop().await;
});

on_both!(a_wrong_postcode_is_told_and_nothing_is_lost, async |db| {
    let t = TestApp::start(db).await;
    let mut visitor = t.visitor();
    visitor.get("/join").await;
    let wrong = visitor.submit("/join", &[("step", "postcode"), ("postcode", "SW1A 1AA")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("postcode in Derbyshire") && wrong.body.contains("SW1A 1AA"), "{}", wrong.body);
    eventually("the page to answer again", async || Some(())).await;
    t.stop().await;
});

on_both!(who_left_can_come_back_by_code_but_a_stop_is_lifted_by_their_own_text_only, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["ann@example.org"], &[]).await;
    let mut ann = t.visitor();
    ann.get("/account/sign-in").await;
    let asked = ann.submit("/account/sign-in", &[("address", "ann@example.org")]).await;
    let code = code_in(t.wait_for_mails("ann@example.org", 1).await[0]["text"].as_str().unwrap());
    let ticket = value_of_hidden(&asked.body, "ticket").unwrap();
    assert_eq!(ann.submit("/account/code", &[("ticket", &ticket), ("code", &code)]).await.status, 303);
    ann.get("/account/leave").await;
    assert_eq!(ann.submit("/account/leave", &[]).await.status, 200);

    // They join again: the code must reach an address that stands as "left".
    let mut back = t.visitor();
    let page = fill_in(&mut back, "", "ann@example.org").await;
    let code = code_in(t.wait_for_mails("ann@example.org", 2).await[1]["text"].as_str().unwrap());
    let joined = answer_code(&mut back, &page, &code, "", "ann@example.org").await;
    assert!(joined.status < 400, "{}", joined.body);

    // To a phone that texted STOP goes nothing, a code neither.
    t.text("+447700900150", "+447700900001", "STOP").await;
    t.wait_for_texts("+447700900150", 1).await;
    fill_in(&mut t.visitor(), "07700 900150", "").await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    t.wait_for_mails("ann@example.org", 3).await;
    assert_eq!(t.texts("+447700900150").await.len(), 1);
    t.stop().await;
});
