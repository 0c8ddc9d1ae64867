//! Each thing by which a mail is tied to its alert, alone, as real mail brings it; and what is not enough.

use serde_json::Value;

use super::{Post, lmtp, reply_address};
use crate::support::app::eventually;

/// A mail from Bob's programme: its headers and body beside the usual ones.
fn mail(from: &str, id: &str, subject: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("From: {from}\r\nTo: undisclosed-recipients:;\r\nSubject: {subject}\r\nMessage-ID: <{id}@example.org>\r\n{headers}\r\n{body}\r\n").into_bytes()
}

/// How the message with these words was tied: method, confidence, third party.
async fn tie(post: &Post, path: &str, words: &str) -> (String, String, bool) {
    let key = post.app.key(&["inbox"]).await;
    let message: Value = eventually(&format!("{words:?} at {path}"), async || {
        let list = post.app.api(&key, path).await["conversations"].as_array().cloned()?;
        list.iter()
            .flat_map(|one| one["messages"].as_array().cloned().unwrap_or_default())
            .find(|message| message["text"].as_str().is_some_and(|text| text.starts_with(words)))
    })
    .await;
    let word = |name: &str| message["attribution"][name].as_str().unwrap().to_owned();
    (word("method"), word("confidence"), message["third_party"] == true)
}

on_both!(each_rung_of_the_ladder_ties_a_mail_and_says_how, async |db| {
    let post = Post::start(db, 11).await;
    let (reference, alert) = post.alert_to(db, "bob@example.org").await;
    let published = format!("{}@reply.example.org", post.user);
    let with_token = post.address(&reply_address(&alert));
    let id = alert["message_id"].as_str().unwrap().trim_matches(['<', '>']).to_owned();
    let text = alert["text"].as_str().unwrap();
    let code = text.lines().find_map(|line| line.strip_prefix("Ref: ")).unwrap().trim();
    let link = text.lines().find_map(|line| line.strip_prefix("Stop these e-mails: ")).unwrap().trim();
    let bob = "bob@example.org";
    let rungs = [
        (bob, with_token.as_str(), "Re: White van", String::new(), "by the token".to_owned(), "token", false),
        (bob, &published, "Re: White van", format!("In-Reply-To: <{id}>\r\n"), "by our id".to_owned(), "message_id", false),
        (bob, &published, "Re: White van", format!("References: <{id}>\r\n <else@example.org>\r\n"), "by a reference".to_owned(), "message_id", false),
        (bob, &published, "more", "In-Reply-To: <rung-0@example.org>\r\n".to_owned(), "by an earlier mail".to_owned(), "earlier_mail", false),
        (bob, &published, "hello", String::new(), format!("by the link below\r\n\r\n> Stop these e-mails:\r\n> {link}"), "printed_code", false),
        (bob, &published, "hello", String::new(), format!("by the printed code\r\n\r\n> Ref: {code}"), "printed_code", false),
        (bob, &published, &format!("about {code}"), String::new(), "by the subject".to_owned(), "subject_code", false),
        // From another address of Bob's: the token was not sent there.
        ("bob.barlow@work.example", &with_token, "Re: White van", String::new(), "from an alias".to_owned(), "token", true),
    ];
    for (n, (from, to, subject, headers, body, method, third_party)) in rungs.iter().enumerate() {
        lmtp::deliver(from, to, &mail(from, &format!("rung-{n}"), subject, headers, body)).await;
        let words = body.lines().next().unwrap();
        let tied = tie(&post, &format!("/api/v1/alerts/{reference}/conversations"), words).await;
        assert_eq!(tied, ((*method).to_owned(), "certain".to_owned(), *third_party), "{words}");
    }

    // A token with a character changed, a code of somebody else, and nothing at all: offered, never taken.
    let (local, domain) = with_token.split_once('@').unwrap();
    let altered = format!("{}{}@{domain}", &local[..local.len() - 1], if local.ends_with('a') { 'b' } else { 'a' });
    let weak = [
        (altered.as_str(), "with a forged token".to_owned(), bob),
        (&published, format!("with the code of another\r\n\r\n> Ref: {code}"), "eve@example.org"),
        (&published, format!("with the link of another\r\n\r\n> {link}"), "eve@example.org"),
        (&published, "with nothing at all".to_owned(), bob),
    ];
    for (n, (to, body, from)) in weak.iter().enumerate() {
        lmtp::deliver(from, to, &mail(from, &format!("weak-{n}"), "hello", "", body)).await;
        assert_eq!(tie(&post, "/api/v1/unattributed", body.lines().next().unwrap()).await.1, "unattributed", "{body}");
    }
    post.app.stop().await;
});

on_both!(with_two_live_alerts_an_answer_goes_to_the_one_that_it_answers, async |db| {
    let post = Post::start(db, 14).await;
    let (first, alert) = post.alert_to(db, "bob@example.org").await;
    let mut officer = post.app.officer("owner@force.example").await;
    let second = post.app.publish(&mut officer, "Red bicycle", "Did you see a red bicycle?").await;
    let other = post.app.wait_for_mails("bob@example.org", 2).await.remove(1);
    for (reference, mail_of, words) in [(&first, &alert, "The van, by the church"), (&second, &other, "The bicycle, by the pond")] {
        lmtp::deliver("bob@example.org", &post.address(&reply_address(mail_of)), &mail("bob@example.org", words.get(4..7).unwrap(), "Re:", "", words)).await;
        assert_eq!(tie(&post, &format!("/api/v1/alerts/{reference}/conversations"), words).await.0, "token");
    }
    lmtp::deliver("bob@example.org", &format!("{}@reply.example.org", post.user), &mail("bob@example.org", "x", "hello", "", "I saw something")).await;
    assert_eq!(tie(&post, "/api/v1/unattributed", "I saw something").await.1, "unattributed");
    let mut page = String::new();
    let key = post.app.key(&["inbox"]).await;
    for one in post.app.api(&key, "/api/v1/unattributed").await["conversations"].as_array().unwrap() {
        page = officer.get(&format!("/inbox/{}", one["id"].as_str().unwrap())).await.body;
    }
    assert!(page.contains(&first) && page.contains(&second), "both are offered: {page}");
    post.app.stop().await;
});
