//! What the screens read: the alerts' figures, the inbox, the press desk's counts.

use huecry::domain::place::{self, Urgency};
use huecry::domain::sight::Sight;
use huecry::store::alerts::AlertRow;
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::correspondents::{self, CorrespondentRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::events::{self, EventRow};
use huecry::store::messages::{self, MessageRow};
use huecry::store::outcomes::OutcomeRow;
use huecry::store::views::inbox::{Cursor, InboxRow, Narrow, View};
use huecry::store::views::press::Filter;
use huecry::store::views::{alerts as alert_views, inbox, press};

use crate::support::db::TestDb;
use crate::support::now;

const HOUR_MS: i64 = 3_600_000;

async fn add_deliveries(db: &TestDb, alert: &AlertRow, statuses: &[(&str, &str)]) {
    let rows = statuses.iter().map(|(status, to)| DeliveryRow { status: (*status).into(), finished_at: Some(now()), ..db.new_delivery(alert, to) }).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
}

on_both!(the_list_of_alerts_counts_copies_arrivals_and_replies_of_each, async |db| {
    let (jo, al) = (db.add_officer("jo@force.example").await, db.add_officer("al@force.example").await);
    let (first, second) = (db.add_alert(jo.id, &[]).await, db.add_alert(al.id, &[]).await);
    add_deliveries(db, &first, &[("delivered", "07700 900001"), ("delivered", "07700 900002"), ("permanent_failure", "07700 900003")]).await;
    let reply = DeliveryRow { purpose: "reply".into(), status: "delivered".into(), ..db.new_delivery(&first, "07700 900001") };
    deliveries::insert(&mut db.write().await, vec![reply]).await.unwrap();
    let correspondent = db.add_correspondent("07700 900001").await;
    let conversation = db.add_conversation(Some(first.id), correspondent.id).await.id;
    let message =
        |direction: &str, class: &str| MessageRow { direction: direction.into(), class: class.into(), ..db.new_message(conversation, "words", now()) };
    for row in [message("in", "reply"), message("in", "reply"), message("in", "auto_reply"), message("out", "reply")] {
        messages::insert(&mut db.write().await, &row).await.unwrap();
    }
    let mut conn = db.read().await;
    let rows = alert_views::list(&mut conn, None, 10).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.reference.as_str(), row.owner.as_str(), row.replies)).collect();
    let expected = [(second.reference.as_str(), "PC al@force.example", 0), (first.reference.as_str(), "PC jo@force.example", 2)];
    assert_eq!(told, expected);
    assert_eq!((rows[1].title.as_str(), rows[1].status.as_str(), rows[1].published_at), (first.title.as_str(), "live", Some(now())));
    assert_eq!(alert_views::list(&mut conn, Some(jo.id), 10).await.unwrap().len(), 1);
    assert_eq!(alert_views::list(&mut conn, None, 1).await.unwrap()[0].id, second.id);
    assert_eq!(alert_views::get(&mut conn, first.id).await.unwrap().unwrap().replies, 2);
    assert!(alert_views::get(&mut conn, 1).await.unwrap().is_none());
    assert_eq!((alert_views::count(&mut conn, None).await.unwrap(), alert_views::count(&mut conn, Some(al.id)).await.unwrap()), (2, 1));
    let mut progress: Vec<_> =
        alert_views::progress(&mut conn, first.id).await.unwrap().into_iter().map(|row| (row.channel_kind, row.status, row.count)).collect();
    progress.sort();
    assert_eq!(progress, [("sms".to_owned(), "delivered".to_owned(), 2), ("sms".to_owned(), "permanent_failure".to_owned(), 1)]);
});

on_both!(the_public_sees_live_alerts_in_the_version_in_force_newest_first, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let live = db.add_alert(officer.id, &[]).await;
    let corrected = AlertRow { version: 2, status: "publishing".into(), ..db.new_alert(officer.id) };
    let closed = AlertRow { status: "closed".into(), ..db.new_alert(officer.id) };
    let before = AlertRow { version: 1, ..corrected.clone() };
    let texts = vec![db.new_text(&before, "sms", "Wrong street"), db.new_text(&corrected, "sms", "Right street"), db.new_text(&corrected, "email", "Long")];
    let closed_text = vec![db.new_text(&closed, "sms", "Over")];
    {
        let mut conn = db.write().await;
        huecry::store::alerts::insert(&mut conn, &corrected, texts, &[], &[]).await.unwrap();
        huecry::store::alerts::insert(&mut conn, &closed, closed_text, &[], &[]).await.unwrap();
    }
    let mut conn = db.read().await;
    let rows = alert_views::list_public(&mut conn, 10).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.id, row.body.as_str(), row.published_at)).collect();
    assert_eq!(told, [(corrected.id, "Right street", Some(now())), (live.id, "Seen it?", Some(now()))]);
    assert_eq!(alert_views::list_public(&mut conn, 1).await.unwrap().len(), 1);
});

on_both!(a_closed_alert_can_be_chosen_for_a_while_and_as_long_as_it_is_chosen, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let day = |days: i64| Some(now().minus_days(days));
    let mut all = Vec::new();
    for (status, closed_at) in [("live", None), ("closed", day(3)), ("closed", day(30)), ("scheduled", None), ("taken_back", None)] {
        let alert = AlertRow { status: status.into(), closed_at, ..db.new_alert(officer.id) };
        huecry::store::alerts::insert(&mut db.write().await, &alert, Vec::new(), &[], &[]).await.unwrap();
        all.push(alert.reference);
    }
    let choices = async |chosen: &str| {
        let rows = alert_views::list_choices(&mut db.read().await, now().minus_days(10), chosen, 10).await.unwrap();
        rows.into_iter().map(|row| row.reference).collect::<Vec<_>>()
    };
    let lately = [all[4].clone(), all[1].clone(), all[0].clone()];
    assert_eq!(choices("").await, lately);
    assert_eq!(choices(&all[1]).await, lately, "once is enough");
    assert_eq!(choices(&all[2]).await, [&lately[..], &[all[2].clone()]].concat(), "the chosen one, however long ago");
});

on_both!(what_came_of_a_closed_alert_is_public_for_a_while, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let closed = AlertRow { status: "closed".into(), closed_at: Some(now().minus_days(3)), ..db.new_alert(officer.id) };
    let text = vec![db.new_text(&closed, "sms", "Over")];
    huecry::store::alerts::insert(&mut db.write().await, &closed, text, &[], &[]).await.unwrap();
    let told = async |days: i64| alert_views::list_told(&mut db.read().await, now().minus_days(days), 10).await.unwrap().len();
    assert_eq!(told(10).await, 0, "nothing was told of it");
    let outcome = OutcomeRow {
        id: db.id(),
        alert_id: closed.id,
        officer_id: None,
        token: "one".into(),
        sms_text: "Found.".into(),
        email_subject: String::new(),
        email_body: String::new(),
        mark: 0,
        cursor: 0,
        told_sms: 0,
        told_email: 0,
        lease_owner: None,
        lease_until: None,
        created_at: now(),
        finished_at: None,
    };
    huecry::store::outcomes::insert(&mut db.write().await, &outcome).await.unwrap();
    assert_eq!((told(10).await, told(2).await), (1, 0));
});

/// An alert, and two officers of two teams who look at the inbox.
struct Inbox<'a> {
    db: &'a TestDb,
    alert: AlertRow,
    mine: Sight,
    theirs: Sight,
}

impl<'a> Inbox<'a> {
    async fn new(db: &'a TestDb) -> Self {
        let (us, them) = (db.add_team("Amber Valley").await.id, db.add_team("Erewash").await.id);
        let (jo, al) = (db.add_officer("jo@force.example").await.id, db.add_officer("al@force.example").await.id);
        Self { db, alert: db.add_alert(jo, &[]).await, mine: Sight::of_officer(jo, Some(us)), theirs: Sight::of_officer(al, Some(them)) }
    }

    async fn add(&self, who: &str, change: impl FnOnce(ConversationRow) -> ConversationRow) -> ConversationRow {
        let correspondent = self.db.add_correspondent(who).await;
        let row = change(self.db.new_conversation(Some(self.alert.id), correspondent.id));
        conversations::insert_or_find(&mut self.db.write().await, row).await.unwrap().0
    }

    async fn list(&self, view: View, sight: &Sight, after: Option<Cursor>, limit: i64) -> Vec<InboxRow> {
        inbox::list(&mut self.db.read().await, view, sight, Narrow::default(), after, limit).await.unwrap()
    }

    async fn ids(&self, view: View, sight: &Sight) -> Vec<i64> {
        self.list(view, sight, None, 100).await.iter().map(|row| row.id).collect()
    }
}

on_both!(each_part_of_the_inbox_has_its_own_conversations_and_its_count, async |db| {
    let inbox = Inbox::new(db).await;
    let (mine, theirs) = (&inbox.mine, &inbox.theirs);
    let owned = |sight: &Sight| {
        let (officer, team) = (sight.officer_id, sight.team_id);
        move |row| ConversationRow { owner_id: Some(officer), team_id: team, ..row }
    };
    let closed = |row| ConversationRow { status: "closed".into(), ..row };
    let own = inbox.add("07700 900001", |row| ConversationRow { unread: true, ..owned(mine)(row) }).await.id;
    let teams = inbox.add("07700 900002", |row| ConversationRow { owner_id: None, ..owned(mine)(row) }).await.id;
    let others = inbox.add("07700 900003", owned(theirs)).await.id;
    let tray = inbox.add("07700 900004", |row| ConversationRow { alert_id: None, unread: true, ..row }).await.id;
    let own_closed = inbox.add("07700 900005", |row| closed(owned(mine)(row))).await.id;
    let tray_closed = inbox.add("07700 900006", |row| closed(ConversationRow { alert_id: None, ..row })).await.id;
    let others_closed = inbox.add("07700 900007", |row| closed(owned(theirs)(row))).await.id;
    let parts_of_mine = [vec![own], vec![own, teams], vec![tray], vec![own_closed, tray_closed]];
    let parts_of_theirs = [vec![others], vec![others], vec![tray], vec![tray_closed, others_closed]];
    for (sight, expected) in [(mine, parts_of_mine), (theirs, parts_of_theirs)] {
        for (view, expected) in [View::Mine, View::Team, View::Unattributed, View::Closed].into_iter().zip(&expected) {
            assert_eq!(inbox.ids(view, sight).await, *expected, "{view:?} of {sight:?}");
            let count = inbox::count(&mut db.read().await, view, sight, Narrow::default()).await.unwrap();
            assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{view:?} of {sight:?}");
        }
    }
    let counts = inbox::counts(&mut db.read().await, mine).await.unwrap();
    assert_eq!((counts.mine, counts.unread, counts.team, counts.unattributed, counts.closed), (1, 1, 2, 1, 2));
    let nobody = Sight::of_officer(1, None);
    assert_eq!(inbox.ids(View::Team, &nobody).await, [0; 0], "without a team there is no team's inbox");
    let of_alert = |id| Narrow { alert_id: Some(id), ..Narrow::default() };
    let other_alert = inbox::count(&mut db.read().await, View::Mine, mine, of_alert(inbox.alert.id + 1)).await.unwrap();
    let this_alert = inbox::list(&mut db.read().await, View::Mine, mine, of_alert(inbox.alert.id), None, 9).await.unwrap();
    assert_eq!((other_alert, this_alert.len()), (0, 1));
});

on_both!(a_page_of_the_inbox_goes_on_exactly_where_the_last_one_ended, async |db| {
    let inbox = Inbox::new(db).await;
    let mine = &inbox.mine;
    let mut expected = Vec::new();
    // Three share their moment: the id decides. One is urgent, and one waits for nobody any more.
    for (n, urgency, due_ms) in [
        (1, "none", Some(0)),
        (2, "none", Some(5)),
        (3, "none", Some(5)),
        (4, "none", Some(5)),
        (5, "life", Some(99)),
        (6, "raised", None),
        (7, "raised", Some(7)),
    ] {
        let due_at = due_ms.map(|ms| now().plus_ms(ms));
        let place = place::of(true, urgency.parse().unwrap(), due_at, now());
        let row = inbox
            .add(&format!("07700 90000{n}"), |row| ConversationRow { owner_id: Some(mine.officer_id), urgency: urgency.into(), due_at, place, ..row })
            .await;
        expected.push((place, row.id));
    }
    expected.sort_unstable();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = inbox.list(View::Mine, mine, after, 2).await;
        let Some(last) = page.last() else { break };
        after = Some(Cursor { place: last.place, id: last.id });
        seen.extend(page.iter().map(|row| (row.place, row.id)));
    }
    assert_eq!(seen, expected);
    let waiting: Vec<i64> = inbox.ids(View::Waiting, mine).await;
    assert_eq!(waiting, expected[..6].iter().map(|(_, id)| *id).collect::<Vec<_>>(), "who waits");
    let urgent = inbox::list(&mut db.read().await, View::All, mine, Narrow { urgency: Some(Urgency::Raised), ..Narrow::default() }, None, 9).await.unwrap();
    assert_eq!(urgent.iter().map(|row| row.need.as_str()).collect::<Vec<_>>(), ["life", "raised", "raised"]);
});

on_both!(a_line_of_the_inbox_says_who_wrote_about_what_and_how_sure_that_is, async |db| {
    let inbox = Inbox::new(db).await;
    db.add_resident("07700 900001", &[]).await;
    let sight = &inbox.mine;
    inbox
        .add("07700 900001", |row| ConversationRow {
            owner_id: Some(sight.officer_id),
            certainty: "probable".into(),
            preview: "Seen the van".into(),
            unread: true,
            messages_count: 3,
            attachments_count: 2,
            ..row
        })
        .await;
    let stranger = CorrespondentRow { name: Some("A. Stranger".into()), ..db.new_correspondent("stranger@example.org") };
    correspondents::insert_or_find(&mut db.write().await, stranger.clone()).await.unwrap();
    inbox.add("stranger@example.org", |row| ConversationRow { alert_id: None, channel_kind: "email".into(), ..row }).await;
    let known = inbox.list(View::Mine, sight, None, 9).await.pop().unwrap();
    assert_eq!((known.address.as_str(), known.resident_name.as_deref(), known.correspondent_name), ("+447700900001", Some("Jo Bloggs"), None));
    assert_eq!((known.reference, known.title, known.urgency), (Some(inbox.alert.reference.clone()), Some(inbox.alert.title.clone()), Some("routine".into())));
    assert_eq!(
        (known.certainty.as_str(), known.preview.as_str(), known.unread, known.messages_count, known.attachments_count),
        ("probable", "Seen the van", true, 3, 2)
    );
    assert_eq!(
        (known.owner.as_deref(), known.status.as_str(), known.channel_kind.as_str(), known.last_message_at),
        (Some("PC jo@force.example"), "open", "sms", now())
    );
    let unknown = inbox.list(View::Unattributed, sight, None, 9).await.pop().unwrap();
    assert_eq!((unknown.resident_name, unknown.correspondent_name.as_deref(), unknown.reference, unknown.owner), (None, Some("A. Stranger"), None, None));
});

on_both!(the_api_reads_conversations_of_an_alert_or_of_the_tray_by_rising_id, async |db| {
    let inbox = Inbox::new(db).await;
    let mut of_alert = Vec::new();
    for n in 1..=3 {
        of_alert.push(inbox.add(&format!("07700 90000{n}"), |row| row).await.id);
    }
    let tray = inbox.add("07700 900009", |row| ConversationRow { alert_id: None, ..row }).await.id;
    let mut conn = db.read().await;
    let ids = |rows: Vec<ConversationRow>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let alert = Some(inbox.alert.id);
    assert_eq!(ids(inbox::list_for_api(&mut conn, alert, 0, 2).await.unwrap()), of_alert[..2]);
    assert_eq!(ids(inbox::list_for_api(&mut conn, alert, of_alert[1], 2).await.unwrap()), of_alert[2..]);
    assert_eq!(ids(inbox::list_for_api(&mut conn, None, 0, 9).await.unwrap()), [tray]);
});

async fn add_figures(db: &TestDb) -> (AlertRow, AlertRow) {
    let officer = db.add_officer("jo@force.example").await;
    let (first, second) = (db.add_alert(officer.id, &[]).await, db.add_alert(officer.id, &[]).await);
    let event = |kind: &str, alert: &AlertRow, channel: &str, ms: i64| EventRow {
        id: db.id(),
        kind: kind.into(),
        alert_id: Some(alert.id),
        conversation_id: None,
        channel_kind: channel.into(),
        created_at: now().plus_ms(ms),
    };
    let rows = vec![
        event("reply_in", &first, "sms", 0),
        event("reply_in", &first, "sms", 1),
        event("reply_in", &first, "sms", HOUR_MS),
        event("opted_out", &first, "sms", 0),
        event("reply_in", &second, "email", 0),
        event("joined", &first, "sms", 0),
    ];
    events::append(&mut db.write().await, rows).await.unwrap();
    add_deliveries(
        db,
        &first,
        &[
            ("delivered", "07700 900001"),
            ("temporary_failure", "07700 900002"),
            ("permanent_failure", "07700 900003"),
            ("suppressed", "07700 900004"),
            ("delivered", "jo@example.org"),
        ],
    )
    .await;
    (first, second)
}

on_both!(the_press_reads_replies_and_ends_by_the_hour, async |db| {
    let (first, _) = add_figures(db).await;
    let hour = |at: huecry::domain::At| huecry::domain::At::from_unix_ms(at.unix_ms() - at.unix_ms().rem_euclid(HOUR_MS));
    let (this, next) = (hour(now()), hour(now().plus_ms(HOUR_MS)));
    let read = async |since, filter: Filter| {
        let mut rows: Vec<_> = press::by_hour(&mut db.read().await, since, &filter)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.hour, row.what, row.channel_kind, row.count))
            .collect();
        rows.sort();
        rows
    };
    let row = |hour, what: &str, channel: &str, count| (hour, what.to_owned(), channel.to_owned(), count);
    let sms = [row(this, "delivered", "sms", 1), row(this, "failed", "sms", 2), row(this, "opted_out", "sms", 1), row(this, "reply_in", "sms", 2)];
    let all = [&[row(this, "delivered", "email", 1)], &sms[..3], &[row(this, "reply_in", "email", 1)], &sms[3..], &[row(next, "reply_in", "sms", 1)]].concat();
    assert_eq!(read(now().plus_ms(-1), Filter::default()).await, all);
    let of_sms = [&sms[..], &[row(next, "reply_in", "sms", 1)]].concat();
    assert_eq!(read(now().plus_ms(-1), Filter { alert_id: Some(first.id), channel_kind: Some("sms") }).await, of_sms);
    assert_eq!(read(now().plus_ms(2), Filter::default()).await, of_sms[4..], "from the very moment on");
});

on_both!(the_press_reads_the_figures_of_each_alert, async |db| {
    let (first, second) = add_figures(db).await;
    let old = AlertRow { published_at: Some(now().plus_ms(-1)), ..db.new_alert(first.owner_id) };
    huecry::store::alerts::insert(&mut db.write().await, &old, Vec::new(), &[], &[]).await.unwrap();
    add_deliveries(db, &old, &[("delivered", "07700 900001")]).await;
    // What waits, was taken back or refused at once has not left; what came back had.
    add_deliveries(db, &first, &[("queued", "07700 900005"), ("cancelled", "07700 900006")]).await;
    let back =
        DeliveryRow { status: "permanent_failure".into(), accepted_at: Some(now()), finished_at: Some(now()), ..db.new_delivery(&first, "07700 900007") };
    huecry::store::deliveries::insert(&mut db.write().await, vec![back]).await.unwrap();
    let read = async |filter: Filter| {
        let mut rows: Vec<_> = press::by_alert(&mut db.read().await, now(), &filter)
            .await
            .unwrap()
            .into_iter()
            .map(|row| (row.alert_id, row.what, row.channel_kind, row.count))
            .collect();
        rows.sort();
        rows
    };
    let row = |alert: &AlertRow, what: &str, channel: &str, count| (alert.id, what.to_owned(), channel.to_owned(), count);
    let all = [
        row(&first, "delivered", "email", 1),
        row(&first, "delivered", "sms", 1),
        row(&first, "failed", "sms", 3),
        row(&first, "opted_out", "sms", 1),
        row(&first, "reply_in", "sms", 3),
        row(&first, "sent", "email", 1),
        row(&first, "sent", "sms", 2),
        row(&second, "reply_in", "email", 1),
    ];
    assert_eq!(read(Filter::default()).await, all);
    assert_eq!(read(Filter { alert_id: None, channel_kind: Some("email") }).await, [&all[..1], &all[5..6], &all[7..]].concat());
    let since = press::alerts_since(&mut db.read().await, now()).await.unwrap();
    assert_eq!(since, [(second.id, second.reference, second.title, Some(now())), (first.id, first.reference, first.title, Some(now()))]);
});
