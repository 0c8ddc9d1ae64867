//! Every URL on one page, each with who may open it. The table is the registration: there is no other.

use actix_web::web::{self, ServiceConfig};

use super::api::Problem;
use super::{admin, alerts, api, assets, health, inbox, live, me, officers, press, public, residents, webhooks};

crate::words! {
    /// Who may open a route. Tests hold every route to its word.
    Guard {
        /// Anybody.
        Public = "public",
        /// A provider, by signature or secret.
        Webhook = "webhook",
        /// A client, by API key.
        Key = "key",
        /// A signed-in resident.
        Resident = "resident",
        /// A signed-in officer of a role that the handler checks.
        Officer = "officer",
    }
}

macro_rules! routes {
    ($($method:ident $path:literal $guard:ident => $handler:path;)+) => {
        /// Method, path and guard of every route.
        pub const TABLE: &[(&str, &str, Guard)] = &[$((stringify!($method), $path, Guard::$guard)),+];

        fn register(cfg: &mut ServiceConfig) {
            $(cfg.route($path, web::$method().to($handler));)+
        }
    };
}

routes! {
    get "/" Public => public::front::show;
    get "/assets/{name}" Public => assets::show;
    get "/healthz" Public => health::alive;
    get "/readyz" Public => health::ready;
    get "/metrics" Public => health::figures;

    get "/join" Public => residents::join::start;
    post "/join" Public => residents::join::step;
    get "/account/sign-in" Public => residents::sign_in::show;
    post "/account/sign-in" Public => residents::sign_in::send_code;
    post "/account/code" Public => residents::sign_in::check_code;
    get "/account" Resident => residents::account::show;
    post "/account" Resident => residents::account::change;
    post "/account/sign-out" Resident => residents::account::sign_out;
    get "/account/leave" Resident => residents::leave::ask;
    post "/account/leave" Resident => residents::leave::leave;
    get "/leave/{token}" Public => residents::leave::ask_by_link;
    post "/leave/{token}" Public => residents::leave::by_link;

    get "/sign-in" Public => officers::sign_in::show;
    post "/sign-in" Public => officers::sign_in::sign_in;
    post "/sign-in/code" Public => officers::sign_in::code;
    get "/sign-in/oidc" Public => officers::directory::begin;
    get "/sign-in/oidc/callback" Public => officers::directory::finish;
    get "/reset/{token}" Public => officers::reset::show;
    post "/reset/{token}" Public => officers::reset::reset;
    post "/sign-out" Officer => officers::sign_in::sign_out;
    get "/me/security" Officer => me::security::show;
    post "/me/security/password" Officer => me::security::change_password;
    post "/me/security/sessions/{id}/end" Officer => me::security::end_session;
    post "/me/security/sessions/end-others" Officer => me::security::end_others;
    get "/me/security/codes" Officer => me::codes::show;
    post "/me/security/codes" Officer => me::codes::confirm;
    post "/me/security/codes/new" Officer => me::codes::anew;
    post "/me/security/codes/off" Officer => me::codes::off;
    get "/events" Officer => live::stream;
    get "/inbox" Officer => inbox::list::show;
    get "/inbox/rows" Officer => inbox::list::rows;
    post "/inbox/views" Officer => inbox::list::save;
    post "/inbox/views/{id}/forget" Officer => inbox::list::forget;
    get "/inbox/search" Officer => inbox::search::show;
    get "/inbox/keys" Officer => inbox::keys::show;
    get "/inbox/canned" Officer => inbox::canned::show;
    post "/inbox/canned" Officer => inbox::canned::act;
    post "/inbox/bulk" Officer => inbox::acts::bulk;
    post "/inbox/undo" Officer => inbox::acts::undo;
    get "/inbox/informants" Officer => inbox::privacy::informants;
    get "/inbox/{id}" Officer => inbox::conversation::show;
    get "/inbox/{id}/thread" Officer => inbox::conversation::thread;
    post "/inbox/{id}/reply" Officer => inbox::actions::reply;
    post "/inbox/{id}/close" Officer => inbox::actions::close;
    post "/inbox/{id}/reopen" Officer => inbox::actions::reopen;
    post "/inbox/{id}/pause" Officer => inbox::clock::pause;
    post "/inbox/{id}/resume" Officer => inbox::clock::resume;
    post "/inbox/{id}/take-up" Officer => inbox::clock::take_up;
    post "/inbox/{id}/move" Officer => inbox::actions::move_to;
    post "/inbox/{id}/unread" Officer => inbox::actions::unread;
    post "/inbox/{id}/here" Officer => inbox::desk::here;
    post "/inbox/{id}/leave" Officer => inbox::desk::leave;
    post "/inbox/{id}/draft" Officer => inbox::desk::draft;
    post "/inbox/{id}/cost" Officer => inbox::desk::cost;
    post "/inbox/{id}/seen" Officer => inbox::desk::seen;
    get "/inbox/{id}/canned" Officer => inbox::canned::choose;
    post "/inbox/{id}/tag" Officer => inbox::acts::tag;
    post "/inbox/{id}/assign" Officer => inbox::acts::assign;
    post "/inbox/{id}/handover" Officer => inbox::acts::hand_over;
    post "/inbox/{id}/note" Officer => inbox::acts::note;
    post "/inbox/{id}/note/draft" Officer => inbox::desk::note_draft;
    post "/inbox/{id}/leave-out" Officer => inbox::acts::leave_out;
    post "/inbox/{id}/split" Officer => inbox::acts::split;
    post "/inbox/{id}/urgency" Officer => inbox::acts::urgency;
    post "/inbox/{id}/thrive" Officer => inbox::acts::thrive;
    get "/inbox/{id}/original/{message}" Officer => inbox::originals::original;
    get "/inbox/{id}/sent/{message}" Officer => inbox::as_sent::show;
    get "/inbox/{id}/attachment/{message}/{ordinal}" Officer => inbox::originals::attachment;
    get "/inbox/{id}/preview/{message}/{ordinal}" Officer => inbox::originals::preview;
    get "/inbox/{id}/evidence" Officer => inbox::evidence::show;
    get "/inbox/{id}/evidence/panel" Officer => inbox::evidence::part;
    post "/inbox/{id}/exhibit/{message}" Officer => inbox::evidence::name_message;
    post "/inbox/{id}/exhibit/{message}/{ordinal}" Officer => inbox::evidence::name_file;
    post "/inbox/{id}/export" Officer => inbox::evidence::ask;
    get "/inbox/{id}/export/{export}" Officer => inbox::evidence::download_export;
    get "/inbox/{id}/copy/{copy}" Officer => inbox::evidence::download_copy;
    get "/inbox/{id}/redact/{message}" Officer => inbox::redact::words;
    post "/inbox/{id}/redact/{message}" Officer => inbox::redact::copy_words;
    get "/inbox/{id}/redact/{message}/{ordinal}" Officer => inbox::redact::picture;
    post "/inbox/{id}/redact/{message}/{ordinal}" Officer => inbox::redact::copy_picture;
    post "/inbox/{id}/unmask" Officer => inbox::privacy::unmask;
    get "/inbox/{id}/views" Officer => inbox::privacy::looks;
    post "/inbox/{id}/hold" Officer => inbox::privacy::hold;
    get "/alerts" Officer => alerts::list::show;
    get "/alerts/new" Officer => alerts::compose::show;
    post "/alerts/new" Officer => alerts::compose::act;
    post "/alerts/preview" Officer => alerts::compose::preview;
    get "/alerts/{reference}" Officer => alerts::show::show;
    get "/alerts/{reference}/progress" Officer => alerts::show::progress;
    post "/alerts/{reference}/close" Officer => alerts::show::close;
    post "/alerts/{reference}/reopen" Officer => alerts::show::reopen;
    post "/alerts/{reference}/hold" Officer => alerts::show::hold;
    get "/alerts/{reference}/outcome" Officer => alerts::outcome::show;
    post "/alerts/{reference}/outcome" Officer => alerts::outcome::act;
    get "/press" Officer => press::volume::show;
    get "/press/figures" Officer => press::volume::figures;
    get "/press/volume.csv" Officer => press::volume::csv;
    get "/admin" Officer => admin::parked::show;
    get "/admin/officers" Officer => admin::officers::list;
    get "/admin/officers/new" Officer => admin::officers::new;
    post "/admin/officers" Officer => admin::officers::add;
    get "/admin/officers/{id}" Officer => admin::officer::show;
    post "/admin/officers/{id}" Officer => admin::officer::change;
    post "/admin/officers/{id}/disable" Officer => admin::officer::disable;
    post "/admin/officers/{id}/enable" Officer => admin::officer::enable;
    post "/admin/officers/{id}/away" Officer => admin::officer::away;
    post "/admin/officers/{id}/reset-link" Officer => admin::officer::reset_link;
    post "/admin/officers/{id}/reset-codes" Officer => admin::officer::reset_codes;
    post "/admin/officers/{id}/end-sessions" Officer => admin::officer::end_sessions;
    get "/admin/teams" Officer => admin::teams::list;
    post "/admin/teams" Officer => admin::teams::add;
    post "/admin/teams/{id}" Officer => admin::teams::change;
    get "/admin/areas" Officer => admin::areas::list;
    get "/admin/groups" Officer => admin::groups::list;
    post "/admin/groups" Officer => admin::groups::add;
    post "/admin/groups/{id}" Officer => admin::groups::change;
    post "/admin/groups/{id}/retire" Officer => admin::groups::retire;
    post "/admin/groups/{id}/restore" Officer => admin::groups::restore;
    get "/admin/keys" Officer => admin::keys::list;
    post "/admin/keys" Officer => admin::keys::add;
    post "/admin/keys/{id}/revoke" Officer => admin::keys::revoke;
    get "/admin/channels" Officer => admin::channels::list;
    get "/admin/audit" Officer => admin::audit::show;
    get "/admin/people" Officer => admin::people::show;
    post "/admin/people" Officer => admin::people::search;
    get "/admin/people/{id}" Officer => admin::people::person;
    get "/admin/people/{id}/erase" Officer => admin::people::ask;
    post "/admin/people/{id}/erase" Officer => admin::people::erase;
    post "/admin/people/{id}/export" Officer => admin::people::export;
    get "/admin/retention" Officer => admin::retention::show;
    post "/admin/holds/{id}/lift" Officer => admin::retention::lift;
    get "/admin/parked/{id}/raw" Officer => admin::parked::raw;
    post "/admin/parked/{id}/replay" Officer => admin::parked::replay;
    post "/admin/notices/{id}/clear" Officer => admin::parked::clear;

    get "/api/openapi.json" Public => api::openapi;
    post "/api/v1/alerts" Key => api::alerts::create;
    get "/api/v1/alerts/{reference}" Key => api::alerts::show;
    post "/api/v1/alerts/{reference}/pause" Key => api::alerts::pause;
    post "/api/v1/alerts/{reference}/resume" Key => api::alerts::resume;
    post "/api/v1/alerts/{reference}/take-back" Key => api::alerts::take_back;
    get "/api/v1/alerts/{reference}/conversations" Key => api::conversations::of_alert;
    get "/api/v1/unattributed" Key => api::conversations::unattributed;
    post "/api/v1/conversations/{id}/replies" Key => api::conversations::reply;
}

/// Webhooks have body caps of their own, so they stand apart; each takes POST, and SMS ones GET as well.
pub const WEBHOOKS: &[(&str, &str, Guard)] = &[
    ("post", "/webhooks/sms/{channel}/inbound", Guard::Webhook),
    ("get", "/webhooks/sms/{channel}/inbound", Guard::Webhook),
    ("post", "/webhooks/sms/{channel}/status", Guard::Webhook),
    ("get", "/webhooks/sms/{channel}/status", Guard::Webhook),
    ("post", "/webhooks/email/{channel}", Guard::Webhook),
];

/// Registers everything.
pub fn configure(cfg: &mut ServiceConfig) {
    let sms = || web::PayloadConfig::new(webhooks::SMS_BYTES);
    cfg.app_data(web::PayloadConfig::new(256 << 10));
    cfg.app_data(web::QueryConfig::default().error_handler(|error, request| {
        if request.path().starts_with("/api/") { Problem::Invalid(vec![("query".to_owned(), error.to_string())]).into() } else { error.into() }
    }));
    cfg.service(
        web::resource("/webhooks/sms/{channel}/inbound")
            .app_data(sms())
            .route(web::post().to(webhooks::sms_inbound))
            .route(web::get().to(webhooks::sms_inbound)),
    );
    cfg.service(
        web::resource("/webhooks/sms/{channel}/status").app_data(sms()).route(web::post().to(webhooks::sms_status)).route(web::get().to(webhooks::sms_status)),
    );
    cfg.service(web::resource("/webhooks/email/{channel}").app_data(web::PayloadConfig::new(webhooks::MAIL_BYTES)).route(web::post().to(webhooks::mail)));
    register(cfg);
}
