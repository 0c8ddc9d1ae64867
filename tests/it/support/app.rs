//! `TestApp`: the gateway over real HTTP with all its workers, and the simulator outside it, on one test's database.
//!
//! The simulator speaks the vendors' wire formats over sockets, so that nothing here reaches into the gateway by another
//! way than a provider, a resident or an officer would.

use std::net::TcpListener;
use std::time::Duration;

use huecry::accounts;
use huecry::app::App;
use huecry::config::{Config, Keyring};
use huecry::demo::carriers;
use huecry::demo::simulator::{self, Carrier, Running, Twilio};
use huecry::domain::token::TokenKey;
use huecry::store::accounts::{self as officers, OfficerRow};
use huecry::store::places::{self, AreaRow, GroupRow, PostcodeRow};
use huecry::store::residents;
use huecry::workers::Workers;
use huecry::{telemetry, web};
use serde_json::{Value, json};

use super::browser::Client;
use super::db::TestDb;
use super::now;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const POOL: [&str; 2] = ["+447700900001", "+447700900002"];
pub(crate) const PUBLISHED: &str = "alerts@reply.example.org";
pub(crate) const ACCOUNT: &str = "ACtest";
pub(crate) const TOKEN: &str = "test-auth-token";
pub(crate) const MAIL_SECRET: &str = "test-mail-secret";
pub(crate) const DISTRICT: &str = "E07000035";
pub(crate) const SECTOR: &str = "DE45 1";
pub(crate) const POSTCODE: &str = "DE45 1AA";

/// A running gateway with its simulator and some people.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) url: String,
    pub(crate) sim_url: String,
    pub(crate) areas: Vec<AreaRow>,
    pub(crate) groups: Vec<GroupRow>,
    pub(crate) owner: OfficerRow,
    http: reqwest::Client,
    simulator: Option<Running>,
    server: actix_web::dev::ServerHandle,
    workers: Option<Workers>,
}

impl TestApp {
    /// Everything, with the default settings.
    pub(crate) async fn start(db: &TestDb) -> Self {
        Self::start_with(db, "", true).await
    }

    /// With more configuration appended, and perhaps without the workers.
    pub(crate) async fn start_with(db: &TestDb, more: &str, working: bool) -> Self {
        Self::start_as(db, more, working, PUBLISHED, Keyring::fixed(), twilio()).await
    }

    /// With another text provider than Twilio, by its name.
    pub(crate) async fn start_with_provider(db: &TestDb, provider: &str) -> Self {
        Self::start_as(db, "", true, PUBLISHED, Keyring::fixed(), carriers::account(provider).unwrap()).await
    }

    /// Another force's installation: another address and other keys.
    pub(crate) async fn start_elsewhere(db: &TestDb, more: &str) -> Self {
        let keyring = Keyring { match_secret: vec![3; 32], tokens: vec![TokenKey { id: 'a', secret: vec![4; 32] }] };
        Self::start_as(db, more, true, "alerts@reply.elsewhere.example", keyring, twilio()).await
    }

    /// On a database that was moved from one where this ran before: people and places are there. Phones start empty.
    pub(crate) async fn start_on_moved(db: &TestDb, from: &TestDb) -> Self {
        let mut conn = from.read().await;
        let owner = officers::find_officer_by_email(&mut conn, "owner@force.example").await.unwrap().unwrap();
        Self::begin(db, "", true, PUBLISHED, Keyring::fixed(), twilio(), Some((Vec::new(), Vec::new(), owner))).await
    }

    async fn start_as(db: &TestDb, more: &str, working: bool, published: &str, keyring: Keyring, carrier: Carrier) -> Self {
        Self::begin(db, more, working, published, keyring, carrier, None).await
    }

    async fn begin(
        db: &TestDb,
        more: &str,
        working: bool,
        published: &str,
        keyring: Keyring,
        carrier: Carrier,
        furnished: Option<(Vec<AreaRow>, Vec<GroupRow>, OfficerRow)>,
    ) -> Self {
        super::install_tls();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let simulator = simulator::start(settings(&url, carrier.clone())).await.unwrap();
        simulator.set_published_email(published);
        let config = Config::from_toml(&toml(db, &url, &carrier, &simulator, more).replace(PUBLISHED, published)).unwrap();
        let app = App::with_keyring(config, keyring).await.unwrap();
        let (areas, groups, owner) = match furnished {
            Some(known) => known,
            None => furnish(db).await,
        };
        let workers = if working { Workers::all(&app) } else { Workers::web_only(&app) };
        let server = web::serve(&app, workers.intake(), telemetry::figures().unwrap(), listener).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let sim_url = format!("http://{}", simulator.http);
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        Self { app, url, sim_url, areas, groups, owner, http, simulator: Some(simulator), server: handle, workers: Some(workers) }
    }

    /// Stops everything in order; a test that leaves this out leaves it to the end of its process.
    pub(crate) async fn stop(mut self) {
        self.app.stop().cancel();
        self.server.stop(false).await;
        if let Some(workers) = self.workers.take() {
            workers.stop().await.unwrap();
        }
        if let Some(simulator) = self.simulator.take() {
            simulator.stop().await;
        }
    }

    /// The way in, for a worker that a test runs by hand.
    pub(crate) fn intake(&self) -> &huecry::inbound::intake::Intake {
        self.workers.as_ref().unwrap().intake()
    }

    /// The carrier calls the gateway here from now on.
    pub(crate) fn call_at(&self, url: &str) {
        self.simulator.as_ref().unwrap().set_gateway(url);
    }

    /// A person texts us, and the carrier cannot reach us with it: it keeps trying for a while, and lists it at once.
    pub(crate) async fn text_unheard(&self, phone: &str, to: &str, text: &str) {
        let url = format!("{}/api/phones/{}/texts", self.sim_url, phone.replace('+', "%2B"));
        tokio::spawn(self.http.post(url).json(&json!({ "to": to, "text": text })).send());
        eventually("the text in the carrier's list", async || {
            let list = self.sim(&format!("/api/phones/{}", phone.replace('+', "%2B"))).await;
            list["messages"].as_array().unwrap().iter().any(|message| message["text"] == text).then_some(())
        })
        .await;
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Somebody with a browser who is not signed in.
    pub(crate) fn visitor(&self) -> Client {
        Client::new(&self.url)
    }

    /// An officer who has signed in through the page.
    pub(crate) async fn officer(&self, email: &str) -> Client {
        let mut client = self.visitor();
        let page = client.get("/sign-in").await;
        assert_eq!(page.status, 200);
        let answer = client.submit("/sign-in", &[("email", email), ("password", PASSWORD), ("next", "")]).await;
        assert_eq!(answer.status, 303, "{email} could not sign in: {}", answer.body);
        client
    }

    /// A resident of the sector who is registered and confirmed; gives nothing: they are known by their address.
    pub(crate) async fn add_resident(&self, db: &TestDb, name: &str, addresses: &[&str], groups: &[&str]) -> i64 {
        let mut resident = db.new_resident(POSTCODE);
        resident.name = name.to_owned();
        let id = resident.id;
        let rows = addresses.iter().map(|text| db.new_address(id, text)).collect();
        let mut conn = db.write().await;
        residents::insert(&mut conn, vec![resident]).await.unwrap();
        residents::insert_addresses(&mut conn, rows).await.unwrap();
        let areas: Vec<i64> = self.areas.iter().map(|area| area.id).collect();
        residents::replace_areas(&mut conn, id, &areas).await.unwrap();
        let chosen: Vec<i64> = self.groups.iter().filter(|group| groups.contains(&group.slug.as_str())).map(|group| group.id).collect();
        residents::replace_groups(&mut conn, id, &chosen, now()).await.unwrap();
        id
    }

    /// Publishes an alert to the whole sector through the officers' page; gives its reference. Where nobody would get it, which is
    /// refused, somebody with a mailbox joins first.
    pub(crate) async fn publish(&self, officer: &mut Client, title: &str, text: &str) -> String {
        officer.get("/alerts/new").await;
        let token = huecry::domain::ids::public_id();
        let fields = [
            ("title", title),
            ("kind", "appeal"),
            ("urgency", "routine"),
            ("sms_text", text),
            ("email_subject", ""),
            ("email_body", ""),
            ("area", SECTOR),
            ("token", token.as_str()),
            ("action", "publish"),
        ];
        let mut answer = officer.submit("/alerts/new", &fields).await;
        if answer.body.contains("Nobody would get this alert") {
            self.add_bystander().await;
            answer = officer.submit("/alerts/new", &fields).await;
        }
        assert_eq!(answer.status, 303, "the alert was not published: {}", answer.body);
        answer.location.unwrap().rsplit('/').next().unwrap().to_owned()
    }

    async fn add_bystander(&self) {
        let id = self.app.next_id();
        let mailbox = format!("bystander{id}@example.org");
        let resident = residents::ResidentRow {
            id,
            public_id: huecry::domain::ids::public_id(),
            name: "Bystander".into(),
            postcode: POSTCODE.into(),
            language: "en".into(),
            source: "website".into(),
            created_at: now(),
            left_at: None,
        };
        let address = residents::AddressRow {
            id: self.app.next_id(),
            resident_id: id,
            kind: "email".into(),
            match_key: super::rows::key(&mailbox),
            value: mailbox,
            enabled: true,
            verified_at: Some(now()),
            bad_at: None,
            created_at: now(),
        };
        let mut conn = self.app.write().await.unwrap();
        residents::insert(&mut conn, vec![resident]).await.unwrap();
        residents::insert_addresses(&mut conn, vec![address]).await.unwrap();
        let areas: Vec<i64> = self.areas.iter().map(|area| area.id).collect();
        residents::replace_areas(&mut conn, id, &areas).await.unwrap();
    }

    /// What the simulator shows as JSON.
    pub(crate) async fn sim(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.sim_url)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Tells the simulator to do something.
    pub(crate) async fn sim_post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.sim_url)).json(&body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Texts that a phone has received, oldest first: (from, text).
    pub(crate) async fn texts(&self, phone: &str) -> Vec<(String, String)> {
        let list = self.sim(&format!("/api/phones/{}", phone.replace('+', "%2B"))).await;
        let messages = list["messages"].as_array().cloned().unwrap_or_default();
        let received = messages.iter().filter(|message| message["direction"] == "in");
        received.map(|message| (message["other"].as_str().unwrap().to_owned(), message["text"].as_str().unwrap().to_owned())).collect()
    }

    /// Waits until a phone has received so many texts, and gives them.
    pub(crate) async fn wait_for_texts(&self, phone: &str, count: usize) -> Vec<(String, String)> {
        eventually(&format!("{count} texts on {phone}"), async || Some(self.texts(phone).await).filter(|texts| texts.len() >= count)).await
    }

    /// A person texts one of our numbers.
    pub(crate) async fn text(&self, phone: &str, to: &str, text: &str) {
        let answer = self.sim_post(&format!("/api/phones/{}/texts", phone.replace('+', "%2B")), json!({ "to": to, "text": text })).await;
        assert_eq!(answer["status"], "acknowledged", "{answer}");
    }

    /// Mails that a mailbox has received, oldest first.
    pub(crate) async fn mails(&self, address: &str) -> Vec<Value> {
        let list = self.sim(&format!("/api/mailboxes/{address}")).await;
        list["mails"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until a mailbox has received so many mails, and gives them.
    pub(crate) async fn wait_for_mails(&self, address: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{count} mails for {address}"), async || Some(self.mails(address).await).filter(|mails| mails.len() >= count)).await
    }

    /// A person answers a mail of theirs (or writes anew if `mail_id` is null).
    pub(crate) async fn mail(&self, address: &str, body: Value) {
        let answer = self.sim_post(&format!("/api/mailboxes/{address}/replies"), body).await;
        assert_eq!(answer["status"], "acknowledged", "{answer}");
    }

    /// Makes an API key.
    pub(crate) async fn key(&self, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        accounts::keys::add(&self.app, &format!("test {}", huecry::domain::ids::public_id()), &scopes).await.unwrap()
    }

    /// Reads the API.
    pub(crate) async fn api(&self, key: &str, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(key).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Waits until an alert has so many conversations, and gives them.
    pub(crate) async fn wait_for_conversations(&self, key: &str, reference: &str, count: usize) -> Vec<Value> {
        let path = format!("/api/v1/alerts/{reference}/conversations");
        eventually(&format!("{count} conversations of {reference}"), async || {
            let list = self.api(key, &path).await["conversations"].as_array().cloned().unwrap();
            Some(list).filter(|list| list.len() >= count)
        })
        .await
    }
}

/// Asks again and again until there is an answer; fails with a sentence after a bounded time.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(25));
    for _ in 0..2_400 {
        tick.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
    }
    panic!("waited a minute in vain for {what}");
}

pub(crate) fn twilio() -> Carrier {
    Carrier::Twilio(Twilio { account_sid: ACCOUNT.into(), auth_token: TOKEN.into() })
}

pub(crate) fn settings(gateway_url: &str, carrier: Carrier) -> simulator::Settings {
    simulator::Settings {
        bind: ([127, 0, 0, 1], 0).into(),
        smtp_bind: ([127, 0, 0, 1], 0).into(),
        gateway_url: gateway_url.to_owned(),
        sms_channel: "sms".into(),
        email_channel: "mail".into(),
        carrier,
        email_secret: MAIL_SECRET.into(),
        numbers: POOL.iter().map(|number| (*number).to_owned()).collect(),
        people: Vec::new(),
        reply_latency_ms: 0,
        receipts: true,
    }
}

fn toml(db: &TestDb, url: &str, carrier: &Carrier, simulator: &Running, more: &str) -> String {
    let folder = db.folder().display();
    // "# fallback NAME" at the head of `more` names the channel that takes over from the first.
    let fallback = more.lines().find_map(|line| line.strip_prefix("# fallback ")).map_or_else(String::new, |name| format!("fallback = \"{name}\"\n"));
    // The automatic answer would stand among the mails and texts that most tests count.
    let quiet = if more.contains("acknowledge") { "" } else { "acknowledge = false\n" };
    // "# alone" there leaves the simulator's channel for texts out: the one of `more` is the first.
    let own = carriers::channel(carrier, &POOL, simulator.http);
    let texts = format!("[[channels]]\nname = \"sms\"\nkind = \"sms\"\n{own}rate_per_s = 1000\nconcurrency = 16\n{fallback}{quiet}");
    let texts = if more.starts_with("# alone") { "" } else { texts.as_str() };
    // "# SECTION line" puts a line into a section that is written here already.
    let section = |name: &str| {
        let lines = more.lines().filter_map(|line| line.strip_prefix(&format!("# {name} ")));
        lines.fold(String::new(), |all, line| all + line + "\n")
    };
    let (server, security) = (section("server"), section("security"));
    // "# quiet HH:MM-HH:MM" sets quiet hours; without it, tests run at any hour.
    let hours = section("quiet").trim().to_owned();
    format!(
        "[server]\nbind = \"{}\"\npublic_url = \"{url}\"\nweb_workers = 1\n{server}[database]\nurl = \"{}\"\n[files]\ndir = \"{folder}/files\"\n\
         [security]\nkeyring = \"{folder}/keyring.json\"\n{security}[quiet_hours]\nroutine = \"{hours}\"\n\
         {texts}\
         [[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"{PUBLISHED}\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {}\nsmtp_tls = \"none\"\nwebhook_secret = \"{MAIL_SECRET}\"\nrate_per_s = 1000\nconcurrency = 8\n{quiet}{more}",
        url.trim_start_matches("http://"),
        db.url,
        simulator.smtp.port()
    )
}

async fn furnish(db: &TestDb) -> (Vec<AreaRow>, Vec<GroupRow>, OfficerRow) {
    let district = AreaRow { name: "Derbyshire Dales".into(), ..db.add_area(DISTRICT, "district").await };
    let sector =
        AreaRow { id: db.id(), code: SECTOR.into(), name: SECTOR.into(), kind: "sector".into(), parent_id: Some(district.id), shape: None, created_at: now() };
    let mut conn = db.write().await;
    places::insert_areas(&mut conn, vec![sector.clone()]).await.unwrap();
    let postcodes = ["DE45 1AA", "DE45 1AB"].map(|postcode| PostcodeRow { postcode: postcode.into(), area_id: sector.id, latitude: 53.2, longitude: -1.7 });
    places::insert_postcodes(&mut conn, postcodes.to_vec()).await.unwrap();
    drop(conn);
    let groups = vec![db.add_group("cctv-owners").await, db.add_group("dog-walkers").await];
    let (dales, city) = (db.add_team("Dales").await, db.add_team("City").await);
    let hash = accounts::hash_password(PASSWORD).unwrap();
    let account =
        |email: &str, role: &str, team_id: Option<i64>| OfficerRow { password_hash: hash.clone(), role: role.into(), team_id, ..db.new_officer(email) };
    let rows = vec![
        account("owner@force.example", "officer", Some(dales.id)),
        account("mate@force.example", "officer", Some(dales.id)),
        account("stranger@force.example", "officer", Some(city.id)),
        account("press@force.example", "press", None),
        account("admin@force.example", "admin", None),
    ];
    let owner = rows[0].clone();
    officers::insert_officers(&mut db.write().await, rows).await.unwrap();
    (vec![district, sector], groups, owner)
}
