//! `/join`: postcode, groups, channels, check, code, done. What was answered travels in hidden fields, so that the pages work
//! without JavaScript and nothing is stored until an address is proven.

use std::ops::Deref;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::accounts::origin::Origin;
use crate::accounts::sessions::{self, Method, Who};
use crate::domain::{Address, Email, Phone};
use crate::residents::join::{self, JoinOutcome, Wish};
use crate::residents::places;
use crate::web::alerts::compose::{GroupChoice, group_choices};
use crate::web::error::AppError;
use crate::web::extract::{Caller, Fields, Realm, Visitor, session_cookie};
use crate::web::middleware::Limits;
use crate::web::shell::{self, FieldError, Shell};

struct JoinPage {
    shell: Shell,
    step: &'static str,
    number: i64,
    of: i64,
    form: JoinForm,
    errors: Vec<FieldError>,
    place: String,
    groups: Vec<GroupChoice>,
    code_for: String,
    ticket: String,
    back: &'static str,
}

#[derive(Clone, Default)]
struct JoinForm {
    postcode: String,
    groups: Vec<String>,
    name: String,
    phone: String,
    email: String,
    by_sms: bool,
    by_email: bool,
}

macro_rules! steps {
    ($($name:ident = $path:literal),+) => { $(
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a>(&'a JoinPage);
        impl Deref for $name<'_> {
            type Target = JoinPage;
            fn deref(&self) -> &JoinPage {
                self.0
            }
        }
    )+ };
}
steps!(
    Postcode = "residents/join_postcode.html",
    Groups = "residents/join_groups.html",
    Channels = "residents/join_channels.html",
    Check = "residents/join_check.html",
    Code = "residents/join_code.html",
    Done = "residents/join_done.html"
);

const STEPS: [&str; 5] = ["postcode", "groups", "channels", "check", "code"];

impl JoinForm {
    fn read(fields: &Fields) -> Self {
        Self {
            postcode: fields.one("postcode").trim().to_owned(),
            groups: fields.all("group"),
            name: fields.one("name").trim().to_owned(),
            phone: fields.one("phone").trim().to_owned(),
            email: fields.one("email").trim().to_owned(),
            by_sms: fields.has("by_sms"),
            by_email: fields.has("by_email"),
        }
    }

    /// The addresses of the chosen channels, or what to mend.
    fn addresses(&self, simulated: bool) -> Result<Vec<Address>, Vec<FieldError>> {
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        if self.by_sms {
            match Phone::parse_textable(&self.phone, simulated) {
                Ok(phone) => found.push(Address::Phone(phone)),
                Err(error) => errors.push(FieldError::new("phone", &error.to_string())),
            }
        }
        if self.by_email {
            match Email::parse(&self.email) {
                Ok(email) => found.push(Address::Email(email)),
                Err(error) => errors.push(FieldError::new("email", &error.to_string())),
            }
        }
        if !self.by_sms && !self.by_email {
            errors.push(FieldError::new("by_sms", "Choose text messages, e-mail or both"));
        }
        if self.name.is_empty() || self.name.chars().count() > 100 || self.name.chars().any(char::is_control) {
            errors.push(FieldError::new("name", "Enter your name, in 100 characters or fewer"));
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }
}

/// `GET /join`
pub async fn start(visitor: Visitor) -> Result<HttpResponse, AppError> {
    render(&visitor, "postcode", JoinForm::default(), Vec::new(), String::new(), String::new()).await
}

/// `POST /join`
pub async fn step(visitor: Visitor, fields: Fields, caller: Caller, limits: web::Data<Limits>) -> Result<HttpResponse, AppError> {
    visitor.check_form(fields.one("csrf"))?;
    let mut form = JoinForm::read(&fields);
    let back = fields.one("step_to");
    if let Some(step) = STEPS.iter().find(|step| **step == back && **step != "code") {
        return render(&visitor, step, form, Vec::new(), String::new(), String::new()).await;
    }
    match fields.one("step") {
        "postcode" => match find_place(&visitor, &form.postcode).await? {
            Some(place) => {
                form.postcode = place.postcode;
                render(&visitor, "groups", form, Vec::new(), String::new(), String::new()).await
            }
            None => {
                let error = FieldError::new("postcode", "Enter a postcode in Derbyshire, like DE1 3AB");
                render(&visitor, "postcode", form, vec![error], String::new(), String::new()).await
            }
        },
        "groups" => render(&visitor, "channels", form, Vec::new(), String::new(), String::new()).await,
        "channels" => match form.addresses(visitor.app.channels().texts_are_simulated()) {
            Ok(_) => render(&visitor, "check", form, Vec::new(), String::new(), String::new()).await,
            Err(errors) => render(&visitor, "channels", form, errors, String::new(), String::new()).await,
        },
        "check" => send(&visitor, form, caller, &limits).await,
        "code" => code(&visitor, form, &fields, caller, &limits).await,
        _ => Err(AppError::StaleForm),
    }
}

async fn find_place(visitor: &Visitor, postcode: &str) -> Result<Option<places::Place>, AppError> {
    let (app, postcode) = (visitor.app.clone(), postcode.to_owned());
    Ok(app.clone().run(async move { places::find(&mut app.read().await?, &postcode).await }).await?)
}

async fn send(visitor: &Visitor, form: JoinForm, caller: Caller, limits: &Limits) -> Result<HttpResponse, AppError> {
    let addresses = match form.addresses(visitor.app.channels().texts_are_simulated()) {
        Ok(addresses) => addresses,
        Err(errors) => return render(visitor, "channels", form, errors, String::new(), String::new()).await,
    };
    let Some(place) = find_place(visitor, &form.postcode).await? else {
        let error = FieldError::new("postcode", "Enter a postcode in Derbyshire, like DE1 3AB");
        return render(visitor, "postcode", form, vec![error], String::new(), String::new()).await;
    };
    limits.take(caller.0, &format!("join {}", form.phone))?;
    let wish = Wish {
        name: form.name.clone(),
        postcode: place.postcode,
        groups: form.groups.clone(),
        addresses: addresses.iter().map(|address| (address.kind().to_owned(), address.reveal().to_owned())).collect(),
        resident_id: None,
    };
    let app = visitor.app.clone();
    let (ticket, masked) = app.clone().run(async move { join::start(&app, &wish).await }).await?;
    render(visitor, "code", form, Vec::new(), ticket, masked).await
}

async fn code(visitor: &Visitor, form: JoinForm, fields: &Fields, caller: Caller, limits: &Limits) -> Result<HttpResponse, AppError> {
    let (ticket, given) = (fields.one("ticket").to_owned(), fields.one("code").to_owned());
    limits.take(caller.0, &ticket)?;
    let (app, asked) = (visitor.app.clone(), ticket.clone());
    let outcome = app.clone().run(async move { join::confirm(&app, &asked, &given).await }).await?;
    match outcome {
        JoinOutcome::Joined(resident_id) => {
            let app = visitor.app.clone();
            let token = app.clone().run(async move { sessions::start(&app, Who::Resident(resident_id), &Origin::default(), Method::Code).await }).await?;
            let mut response = render(visitor, "done", form, Vec::new(), String::new(), String::new()).await?;
            response.add_cookie(&session_cookie(&visitor.app, Realm::Residents, token)).map_err(|error| AppError::Internal(error.into()))?;
            Ok(response)
        }
        JoinOutcome::Next(ticket, masked) => {
            // The same page again would look as if the code had been refused.
            let told = Visitor { notice: Some(format!("That code was right. Now the one that we sent to {masked}.")), ..visitor.clone() };
            render(&told, "code", form, Vec::new(), ticket, masked).await
        }
        JoinOutcome::Wrong => {
            let error = FieldError::new("code", "This is not the code we sent. Check it and try again.");
            render(visitor, "code", form, vec![error], ticket, String::new()).await
        }
        JoinOutcome::Spent => {
            let error = FieldError::new("code", "This code no longer works. Go back and ask for a new one.");
            render(visitor, "code", form, vec![error], ticket, String::new()).await
        }
    }
}

async fn render(
    visitor: &Visitor,
    step: &'static str,
    form: JoinForm,
    errors: Vec<FieldError>,
    ticket: String,
    code_for: String,
) -> Result<HttpResponse, AppError> {
    let place = if form.postcode.is_empty() { None } else { find_place(visitor, &form.postcode).await? };
    let (app, chosen) = (visitor.app.clone(), form.groups.clone());
    let groups = app.clone().run(async move { group_choices(&mut app.read().await?, &chosen).await }).await?;
    let index = STEPS.iter().position(|known| *known == step).unwrap_or(STEPS.len() - 1);
    let page = JoinPage {
        shell: shell::public(visitor, "Join", "join"),
        step,
        number: i64::try_from(index + 1).unwrap_or(1),
        of: 5,
        place: place.map(|place| place.name).unwrap_or_default(),
        groups,
        code_for,
        ticket,
        back: index.checked_sub(1).and_then(|index| STEPS.get(index)).copied().unwrap_or(""),
        form,
        errors,
    };
    let wrong = !page.errors.is_empty();
    let html = match step {
        "postcode" => Postcode(&page).render(),
        "groups" => Groups(&page).render(),
        "channels" => Channels(&page).render(),
        "check" => Check(&page).render(),
        "code" => Code(&page).render(),
        _ => Done(&page).render(),
    }?;
    let mut response = if wrong { HttpResponse::UnprocessableEntity() } else { HttpResponse::Ok() };
    Ok(response.content_type("text/html; charset=utf-8").insert_header(("cache-control", "no-store")).body(html))
}
