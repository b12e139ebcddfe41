//! `jotgate users create`: a new account.

use jotgate_server::App;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::user::DisplayName;
use jotgate_server::flows::{self, NewUser};

use super::password;
use super::view::UserView;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, green};
use crate::store::{self, Absent};

/// Makes an account; the password is asked for, or read from standard input, or left out
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  jotgate users create ada@example.com --name \"Ada Lovelace\" --role admin
  printf '%s' \"$PASSWORD\" | jotgate users create ada@example.com --password-stdin")]
pub(crate) struct Args {
    /// The e-mail address, which is also the name at log-in
    #[arg(value_parser = email)]
    email: Email,
    /// A name to show
    #[arg(long, value_parser = name)]
    name: Option<DisplayName>,
    /// A role, as it appears in tokens; may be given several times
    #[arg(long = "role", value_name = "ROLE", value_parser = role)]
    roles: Vec<String>,
    /// Read the password from standard input (its first line) instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// Give it no password, for a person who has to set one first, by the link that `password/forgot` mails
    #[arg(long, conflicts_with = "password_stdin")]
    no_password: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: Args, output: Output) -> Result<Exit, Failure> {
    let password = if args.no_password { None } else { Some(password::read(args.password_stdin)?) };
    let new = NewUser { name: args.name, roles: args.roles, ..NewUser::new(args.email, password) };
    store::with(&args.config, Absent::Make, output, |app| create(app, new, output))
}

async fn create(app: App, new: NewUser, output: Output) -> Result<Exit, Failure> {
    note_unknown_roles(&app, &new.roles, output);
    let user = flows::create_user(&app, &flows::By::command_line(), new).await.map_err(store::refused)?;
    let view = UserView::of(&user);
    output.answer(|| &view, || format!("{}\n{}", green("created"), view.text()))?;
    Ok(Exit::Done)
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|error| error.to_string())
}

fn name(text: &str) -> Result<DisplayName, String> {
    DisplayName::parse(text).map_err(|error| error.to_string())
}

/// A role that the server does not know may be one that an API knows, or a slip of the pen.
pub(super) fn note_unknown_roles(app: &App, roles: &[String], output: Output) {
    for role in roles.iter().filter(|role| !app.config().roles.contains_key(*role)) {
        output.note(format!(
            "`{role}` is in tokens as a role and grants no scope: the configuration has no [roles.{role}] (an administrator of the \
             server needs a role with scopes = [\"jotgate:admin\"])"
        ));
    }
}

/// A role as it may be given.
pub(super) fn role(text: &str) -> Result<String, String> {
    flows::check_role(text).map(|()| text.to_owned()).map_err(|error| error.to_string())
}
