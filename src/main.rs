//! The program: arguments to one call each.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use huecry::accounts::{self, NewOfficer, keys};
use huecry::app::App;
use huecry::audit::chain::{Head, HeadKey};
use huecry::audit::kept::Kept;
use huecry::audit::{seal, verify};
use huecry::config::{ChannelKindConfig, Config, Keyring};
use huecry::domain::officer::Role;
use huecry::inbox::evidence::check as evidence;
use huecry::privacy::retention;
use huecry::residents::{import, places};
use huecry::store::moving::command;
use huecry::workers::Workers;
use huecry::{demo, inspect, telemetry, web};

/// Two-way public alerting between a police force and its public.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// What to log: error, warn, info, debug, or by module.
    #[arg(long, global = true, default_value = "info,lettre=warn,actix_server=warn")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve pages, webhooks and the API, and run the workers.
    Serve {
        #[command(flatten)]
        config: ConfigFile,
        /// What this process does.
        #[arg(long, value_parser = ["web", "worker", "all"], default_value = "all")]
        role: String,
        /// Acknowledge before the commit, so that the kill test can show that it would see a loss. Not in a release.
        #[cfg(debug_assertions)]
        #[arg(long, hide = true)]
        planted_fault: bool,
        /// A file that says how many milliseconds this process's clock is off, for the test of a clock that is put on and back.
        /// Not in a release.
        #[cfg(debug_assertions)]
        #[arg(long, hide = true)]
        clock_offset: Option<PathBuf>,
    },
    /// Run everything on this machine with invented residents and a simulator of their phones and mailboxes.
    Demo {
        /// Port of the gateway; the simulator takes the next one, or any that is free.
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Where the demo keeps its data.
        #[arg(long, default_value = "huecry-data/demo")]
        data: PathBuf,
        /// Start over: removes the demo's data first.
        #[arg(long)]
        fresh: bool,
        /// The text provider that the simulator plays.
        #[arg(long, value_parser = demo::carriers::NAMES, default_value = "twilio")]
        provider: String,
    },
    /// Bring the database up to date; with --from, move an installation from SQLite to PostgreSQL.
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
        /// The SQLite database to move: sqlite:PATH. It is only read.
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// The PostgreSQL database to fill, which must be empty; the configured one if left out.
        #[arg(long, value_name = "URL", requires = "from")]
        to: Option<String>,
        /// Only compare the two, as after a move. Ends with 1 if they differ.
        #[arg(long, requires = "from")]
        verify: bool,
    },
    /// Check the configuration, the database and the channels, and say what is wrong.
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Load areas, postcodes or residents.
    Import {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: Import,
    },
    /// Show what the product makes of a message.
    Inspect {
        #[command(subcommand)]
        what: Inspect,
    },
    /// Manage officers' accounts.
    Officer {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: OfficerCommand,
    },
    /// Manage the interest groups that residents choose from.
    Group {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: GroupCommand,
    },
    /// Manage neighbourhood teams.
    Team {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: TeamCommand,
    },
    /// Manage the keyring that signs reply addresses, return paths and links.
    Keyring {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: KeyringCommand,
    },
    /// The audit log's seal: how far it goes, and whether anything was tampered with.
    Audit {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: AuditCommand,
    },
    /// Exports of conversations, off-line.
    Evidence {
        #[command(subcommand)]
        what: EvidenceCommand,
    },
    /// How long what is kept: disposes of what is past its time.
    Retention {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: RetentionCommand,
    },
    /// Manage keys for the HTTP API.
    ApiKey {
        #[command(flatten)]
        config: ConfigFile,
        #[command(subcommand)]
        what: ApiKeyCommand,
    },
}

#[derive(clap::Args)]
struct ConfigFile {
    /// The configuration file (TOML); the environment (HUECRY__SECTION__KEY) overrides it.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Inspect {
    /// A mail: what kind it is and why, the visible reply, bounces, attachments, opt-out.
    Email {
        /// The input is a plain body instead of MIME.
        #[arg(long)]
        body_text: bool,
        /// One JSON object a line; the input may be mails, or lines of {"id", "raw_b64"} or {"id", "text"}.
        #[arg(long)]
        jsonl: bool,
        /// Files to read; - is standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Texts, as lines of {"id", "text", "from"}: what each asks of us and why, its encoding and segments.
    Sms {
        /// Files to read; standard input if none is given.
        files: Vec<PathBuf>,
    },
    /// Messages, as lines of {"id", "text", "alert": {"kind", "text"}}: how soon somebody must look, and the words that say so.
    Urgency {
        /// Files to read; standard input if none is given.
        files: Vec<PathBuf>,
    },
    /// Phone numbers, as lines of {"id", "number"}: E.164, kind, and why it cannot be texted.
    Number {
        /// Files to read; standard input if none is given.
        files: Vec<PathBuf>,
    },
}

/// The files one after the other, each with a line break at its end; standard input if there are none.
fn lines_of(files: &[PathBuf]) -> anyhow::Result<Box<dyn std::io::BufRead>> {
    let mut input: Box<dyn std::io::Read> = if files.is_empty() { Box::new(std::io::stdin()) } else { Box::new(std::io::empty()) };
    for path in files {
        let next: Box<dyn std::io::Read> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(path).map_err(|error| anyhow::anyhow!("cannot open {}: {error}", path.display()))?)
        };
        input = Box::new(std::io::Read::chain(input, std::io::Read::chain(next, &b"\n"[..])));
    }
    Ok(Box::new(std::io::BufReader::new(input)))
}

#[derive(Subcommand)]
enum Import {
    /// A CSV with name,phone,email,postcode,groups,channels,consent_source,consent_at.
    Residents {
        /// The file.
        file: PathBuf,
    },
    /// A GeoJSON FeatureCollection whose features have code and name, and perhaps kind and district_code.
    Areas {
        /// The file.
        file: PathBuf,
    },
    /// A CSV, perhaps gzipped, with postcode,sector,district_code,lat,lon.
    Postcodes {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum GroupCommand {
    /// Add a group.
    Add {
        /// In lists and the API: dog-walkers.
        #[arg(long)]
        slug: String,
        /// For people: Dog walkers.
        #[arg(long)]
        name: String,
        /// A sentence on the join page.
        #[arg(long, default_value = "")]
        description: String,
    },
}

#[derive(Subcommand)]
enum TeamCommand {
    /// Add a team.
    Add {
        /// For people: Dales.
        #[arg(long)]
        name: String,
        /// Where it works, by the code of an area.
        #[arg(long)]
        area: Option<String>,
    },
}

#[derive(Subcommand)]
enum OfficerCommand {
    /// Add an account; prints the password if none is given.
    Add {
        /// Sign-in e-mail.
        #[arg(long)]
        email: String,
        /// As residents see it.
        #[arg(long)]
        name: String,
        /// officer, supervisor, duty_desk, press or admin.
        #[arg(long, default_value = "officer")]
        role: Role,
        /// Team, by name.
        #[arg(long)]
        team: Option<String>,
        /// At least 12 characters; a random one is made and printed if left out.
        #[arg(long)]
        password: Option<String>,
    },
}

#[derive(Subcommand)]
enum KeyringCommand {
    /// Add a key that signs from the next start on; those before it go on verifying what they signed.
    Rotate,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Print how far the log is sealed, as SEQ:HASH: keep it where nobody who can write to the database can.
    Head,
    /// Read the whole log again: was anything changed or removed? Ends with 1 if so.
    Verify {
        /// A head that was kept elsewhere: the log must still have it.
        #[arg(long, value_name = "SEQ:HASH")]
        head: Option<Head>,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum RetentionCommand {
    /// One round, as the workers make one every hour.
    Run {
        /// Only say what is due.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Subcommand)]
enum EvidenceCommand {
    /// Check an export: its structure, every hash, nothing added and nothing missing. Ends with 1 if anything is wrong.
    Verify {
        /// The ZIP.
        file: PathBuf,
        /// SHA-256 of the file, as the conversation's page and the audit log have it.
        #[arg(long, value_name = "SHA256")]
        digest: Option<String>,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum ApiKeyCommand {
    /// Add a key and print it once.
    Add {
        /// What it is for.
        #[arg(long)]
        name: String,
        /// Comma-separated: alerts, inbox.
        #[arg(long, value_delimiter = ',')]
        scope: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::init(&arguments.log, !std::io::IsTerminal::is_terminal(&std::io::stderr()));
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("huecry: TLS could not be set up");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("huecry: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("huecry: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo { port, data, fresh, provider } => demo::run(port, &data, fresh, &provider).await?,
        Command::Serve {
            config,
            role,
            #[cfg(debug_assertions)]
            planted_fault,
            #[cfg(debug_assertions)]
            clock_offset,
        } => {
            let Some(config) = load(&config) else { return Ok(ExitCode::from(2)) };
            let start = if role == "web" { Workers::web_only } else { Workers::all };
            #[cfg(debug_assertions)]
            let start = if planted_fault { Workers::with_planted_fault } else { start };
            #[cfg(debug_assertions)]
            let start = move |app: &App| {
                if let Some(file) = clock_offset {
                    tokio::spawn(app.clock().clone().follow(file));
                }
                start(app)
            };
            serve(config, &role, start).await?;
        }
        Command::Migrate { config, from: Some(from), to, verify } => return move_over(&config, &from, to, verify).await,
        Command::Migrate { config, .. } => {
            let Some(config) = load(&config) else { return Ok(ExitCode::from(2)) };
            huecry::store::Db::connect(&config.database.url).await?;
            let ran = huecry::store::migrate::run(config.database.direct()).await?;
            println!("{}", if ran.is_empty() { "The database is up to date.".to_owned() } else { format!("Ran {} migrations.", ran.len()) });
        }
        Command::Check { config } => {
            let Some(config) = load(&config) else { return Ok(ExitCode::from(2)) };
            return check(config).await;
        }
        Command::Inspect { what: Inspect::Email { body_text, jsonl, files } } => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let unread = inspect::email::run(&inspect::email::Order { files, body_text, jsonl }, &mut out)?;
            std::io::Write::flush(&mut out)?;
            return Ok(if unread == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Inspect { what: what @ (Inspect::Sms { .. } | Inspect::Number { .. } | Inspect::Urgency { .. }) } => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let unread = match what {
                Inspect::Number { files } => inspect::sms::numbers(lines_of(&files)?, &mut out)?,
                Inspect::Urgency { files } => inspect::urgency::run(lines_of(&files)?, &mut out)?,
                Inspect::Sms { files } | Inspect::Email { files, .. } => inspect::sms::texts(lines_of(&files)?, &mut out)?,
            };
            std::io::Write::flush(&mut out)?;
            return Ok(if unread == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Import { config, what } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            let app = App::build(config).await?;
            match what {
                Import::Postcodes { file } => places::run_postcodes(&app, &file).await?,
                Import::Residents { file } => import::run_residents(&app, &file).await?,
                Import::Areas { file } => places::run_areas(&app, &file).await?,
            }
        }
        Command::Officer { config, what: OfficerCommand::Add { email, name, role, team, password } } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            let app = App::build(config).await?;
            let made = password.is_none();
            let password = password.unwrap_or_else(accounts::random_password);
            accounts::add_officer(&app, &NewOfficer { email: email.clone(), name, role, team, password: password.clone() }).await?;
            println!("Added {email}.");
            if made {
                println!("Password (shown once): {password}");
            }
        }
        Command::Keyring { config, what: KeyringCommand::Rotate } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            let id = Keyring::rotate(&config.security.keyring)?;
            println!("Key {id} signs from the next start on; restart every node. Put the keyring into the backup again.");
        }
        Command::Group { config, what: GroupCommand::Add { slug, name, description } } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            places::add_group(&App::build(config).await?, &slug, &name, &description).await?;
            println!("Added the group {slug}.");
        }
        Command::Team { config, what: TeamCommand::Add { name, area } } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            accounts::add_team(&App::build(config).await?, &name, area.as_deref()).await?;
            println!("Added the team {name}.");
        }
        Command::Audit { config, what } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            return audit(&App::build(config).await?, what).await;
        }
        Command::Retention { config, what: RetentionCommand::Run { dry_run } } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            dispose(&App::build(config).await?, dry_run).await?;
        }
        Command::Evidence { what: EvidenceCommand::Verify { file, digest, json } } => return verify_export(&file, digest.as_deref(), json),
        Command::ApiKey { config, what: ApiKeyCommand::Add { name, scope } } => {
            let Some(config) = load_existing(&config) else { return Ok(ExitCode::from(2)) };
            let app = App::build(config).await?;
            println!("{}", keys::add(&app, &name, &scope).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the configuration; tells every fault at once.
fn load(file: &ConfigFile) -> Option<Config> {
    match Config::load(file.config.as_deref()) {
        Ok(config) => Some(config),
        Err(faults) => {
            eprintln!("huecry: the configuration has {} fault{}; nothing was started:", faults.len(), if faults.len() == 1 { "" } else { "s" });
            for fault in faults {
                eprintln!("  {fault}");
            }
            None
        }
    }
}

/// The same for commands that work on what is there: a database that does not exist yet is a wrong path, not a new one.
fn load_existing(file: &ConfigFile) -> Option<Config> {
    let config = load(file)?;
    match config.database.url.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//")) {
        Some(path) if !std::path::Path::new(path).exists() => {
            eprintln!("huecry: there is no database at {path}: name the configuration with --config, or make the database with `huecry migrate`");
            None
        }
        _ => Some(config),
    }
}

async fn move_over(file: &ConfigFile, from: &str, to: Option<String>, verify: bool) -> anyhow::Result<ExitCode> {
    let to = match to {
        Some(to) => to,
        None => match load(file) {
            Some(config) if config.database.direct().starts_with("postgres") => config.database.direct().to_owned(),
            Some(_) => {
                eprintln!("huecry: --to is missing, and database.url is not PostgreSQL: add --to postgres://USER:PASSWORD@HOST/NAME");
                return Ok(ExitCode::from(2));
            }
            None => return Ok(ExitCode::from(2)),
        },
    };
    Ok(command::run(from, &to, verify).await)
}

async fn audit(app: &App, what: AuditCommand) -> anyhow::Result<ExitCode> {
    match what {
        AuditCommand::Head => {
            let (head, at, unsealed) = seal::head(&mut app.read().await?).await?;
            println!("{head}");
            if head.seq > 0 {
                eprintln!("Sealed at {}; {unsealed} entries wait.", at.rfc3339());
            }
            Ok(ExitCode::SUCCESS)
        }
        AuditCommand::Verify { head, json } => {
            let key = HeadKey::of(&app.keyring().match_secret);
            // Whichever names more.
            let head = head.into_iter().chain(Kept::beside(&app.config().security.keyring).read(&key)).max_by_key(|head| head.seq);
            let verified = verify::verify(app.db(), app.files(), &key, head).await?;
            if json {
                println!("{}", serde_json::to_string(&verified)?);
            } else {
                println!("{}", verify::told(&verified, app.now()));
            }
            Ok(if verified.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}

async fn dispose(app: &App, dry_run: bool) -> anyhow::Result<()> {
    if dry_run {
        for rule in retention::look(app).await? {
            let kept = if rule.months == 0 {
                "kept for good".to_owned()
            } else {
                format!("{} due after {} months, {} more in 30 days", rule.due, rule.months, rule.soon)
            };
            println!("{}: {kept}", rule.kind);
        }
        println!("Nothing was disposed of.");
    } else {
        for gone in retention::run(app).await? {
            println!("{}: {} disposed of", gone.kind, gone.count);
        }
    }
    Ok(())
}

fn verify_export(file: &std::path::Path, digest: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let digest = match digest.map(|text| hex::decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())) {
        Some(None) => anyhow::bail!("--digest takes 64 hexadecimal digits, as they stand beside the export on the conversation's page"),
        given => given.flatten(),
    };
    let checked = evidence::check(file, digest).with_context(|| format!("cannot read {}", file.display()))?;
    if json {
        println!("{}", serde_json::to_string(&checked)?);
    } else {
        println!("{}", evidence::told(&checked));
    }
    Ok(if checked.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(config: Config) -> anyhow::Result<ExitCode> {
    let app = App::build(config).await?;
    let (database, channels) = web::health::check(&app).await;
    println!("database: {}", database.as_deref().unwrap_or("ok"));
    for channel in &channels {
        println!("channel {} ({}): {}", channel.name, channel.provider, channel.detail);
    }
    for channel in &app.config().channels {
        if let ChannelKindConfig::Email(settings) = &channel.kind {
            for (name, record) in settings.dkim.iter().flat_map(huecry::config::DkimConfig::records) {
                println!("channel {}: mail is signed; publish in DNS: {name} TXT \"{record}\"", channel.name);
            }
        }
    }
    if channels.is_empty() {
        println!("no channels are configured: nothing can be sent or received");
    }
    Ok(if database.is_none() && channels.iter().all(|channel| channel.ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve(config: Config, role: &str, start: impl FnOnce(&App) -> Workers) -> anyhow::Result<()> {
    let bind = config.server.bind;
    let listener = TcpListener::bind(bind).with_context(|| format!("server.bind: cannot listen on {bind}"))?;
    let app = App::build(config).await?;
    let workers = start(&app);
    // A worker serves its health too, so that it can be watched the same way.
    let server = web::serve(&app, workers.intake(), telemetry::figures()?, listener)?;
    let handle = server.handle();
    tracing::info!(role, %bind, backend = app.db().backend().as_str(), "huecry is ready");
    let serving = tokio::spawn(server);
    huecry::workers::stopped().await?;
    tracing::info!("stopping");
    app.stop().cancel();
    handle.stop(true).await;
    serving.await??;
    workers.stop().await
}
