//! Where else a conversation may belong: offered by what went to the person, by any of their addresses, and found by a word.

use huecry::store::{alerts, conversations, deliveries};

use super::{now_of, talk};
use crate::support::app::TestApp;

const ANN: &str = "+447700900101";
const MAIL: &str = "ann@example.org";

on_both!(what_went_to_any_address_of_theirs_is_offered_and_what_is_closed_is_not, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    t.add_resident(db, "Ann", &[ANN, MAIL], &[]).await;
    let talk = talk(&t, db, ANN).await;
    let titled = async |title: &str, to: &[&str], closed: bool| {
        let mut alert = db.new_alert(t.owner.id);
        title.clone_into(&mut alert.title);
        alerts::insert(&mut db.write().await, &alert, Vec::new(), &[], &[]).await.unwrap();
        for to in to {
            let mut delivery = db.new_delivery(&alert, to);
            delivery.sending_at = Some(t.app.now());
            deliveries::insert(&mut db.write().await, vec![delivery]).await.unwrap();
        }
        if closed {
            alerts::close(&mut db.write().await, alert.id, t.app.now()).await.unwrap();
        }
        alert
    };
    let texted = titled("Lost dog", &[ANN], false).await;
    let mailed = titled("Burglary in Church Street", &[MAIL], false).await;
    titled("Long over", &[ANN], true).await;
    let other = titled("Missing from Matlock", &["+447700900199"], false).await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    let page = desk.get(&path).await.body;
    let offered = page.split("id=\"move\"").nth(1).unwrap().split("</ol>").next().unwrap().to_owned();
    assert!(offered.contains(&texted.reference) && offered.contains("It went to this phone"), "{offered}");
    assert!(offered.contains(&mailed.reference) && offered.contains("It went to their e-mail address"), "{offered}");
    assert!(!offered.contains("Long over") && !offered.contains(&other.reference) && !offered.contains("Yes, this one"), "{offered}");
    let split = page.split("id=\"split_to\"").nth(1).unwrap().split("</select>").next().unwrap().to_owned();
    assert!(split.contains("Lost dog") && split.contains("Burglary in Church Street") && split.contains("Missing from Matlock"), "{split}");
    assert!(page.contains(&format!("<option value=\"{} Missing from Matlock\">", other.reference)), "every current one can be typed: {page}");

    // As the field offers it, without the list's help, and where it is not clear.
    let refused = desk.submit(&format!("{path}/move"), &[("alert", "no such thing")]).await;
    assert!(refused.status == 422 && refused.body.contains("Type a part of either"), "{}", refused.body);
    let unclear = desk.submit(&format!("{path}/move"), &[("alert", "m")]).await;
    assert!(unclear.status == 422 && unclear.body.contains("Choose one of them"), "{}", unclear.body);
    assert!(unclear.body.contains("It fits what you typed"), "they are offered: {}", unclear.body);
    assert_eq!(desk.submit(&format!("{path}/move"), &[("alert", "  matlock MISSING ")]).await.status, 303);
    assert_eq!(now_of(db, talk.row.id).await.alert_id, Some(other.id));
    assert_eq!(desk.submit(&format!("{path}/move"), &[("alert", &format!("{} {}", texted.reference, texted.title))]).await.status, 303);
    assert_eq!(now_of(db, talk.row.id).await.alert_id, Some(texted.id));
    let split = [("message", talk.messages[3].public_id.as_str()), ("split_to", "tray"), ("split_reference", "church burglary")];
    assert_eq!(desk.submit(&format!("{path}/split"), &split).await.status, 303);
    let there = conversations::find_of(&mut db.read().await, Some(mailed.id), talk.row.correspondent_id).await.unwrap();
    assert!(there.is_some(), "what is typed stands before what was chosen");
    t.stop().await;
});

on_both!(what_went_to_a_number_before_it_changed_hands_is_not_offered_to_whoever_has_it_now, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let mut delivery = db.new_delivery(&alert, ANN);
    delivery.sending_at = Some(t.app.now());
    deliveries::insert(&mut db.write().await, vec![delivery]).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    assert!(desk.get(&path).await.body.contains("It went to this phone"));
    huecry::store::correspondents::doubt_owner(&mut db.write().await, &crate::support::rows::key(ANN), t.app.now().plus_ms(-60_000)).await.unwrap();
    assert!(!desk.get(&path).await.body.contains("It went to this phone"));
    t.stop().await;
});
