//! This program as a gateway: the web edge and intake alone, with a group size that `huecry serve` cannot be told.

use std::net::TcpListener;
use std::path::Path;

use huecry::app::App;
use huecry::config::Config;
use huecry::inbound::intake::Intake;
use huecry::{telemetry, web};

/// Serves until it is killed.
pub(crate) async fn run(config: &Path, group: Option<usize>) -> anyhow::Result<()> {
    telemetry::init("info,actix_server=warn", true);
    let config = Config::load(Some(config)).map_err(|faults| anyhow::anyhow!("the configuration has faults: {faults:?}"))?;
    let listener = TcpListener::bind(config.server.bind)?;
    let app = App::build(config).await?;
    let (intake, _writer) = match group {
        Some(largest) => Intake::start_with_group(&app, largest),
        None => Intake::start(&app),
    };
    Ok(web::serve(&app, &intake, telemetry::figures()?, listener)?.await?)
}
