//! `rollcall connector`: ConnId's operations on any SCIM application.

mod args;
mod data;
mod setup;

use rollcall_connector::connid::schema::{Class, flat_attributes, scim_schema};
use rollcall_connector::connid::{Connector, OperationError, Page, Report, Search};
use rollcall_connector::transport::Request;
use serde_json::{Map, Value, json};

use crate::printer::{Printer, table};
use crate::{Done, Failure};
use args::{Operation, View};

pub(crate) use args::Connector as Arguments;

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        Self::Theirs(error.to_string())
    }
}

/// Runs one operation.
pub(crate) async fn run(arguments: Box<Arguments>, printer: &Printer) -> Done {
    let Arguments { application, view, dry_run, operation } = *arguments;
    let command = Command { connector: setup::connector(&application)?, view, dry_run, printer };
    match operation {
        Operation::Test => command.test().await,
        Operation::Schema { class } => command.schema(class.as_deref()).await,
        Operation::Search(search) => command.search(search).await,
        Operation::Get { class, id } => {
            let class = named(&class)?;
            let object = command.connector.get(class, &id).await.map_err(|error| command.failure(&error))?;
            command.print(&command.shown(class, object));
            Ok(())
        }
        Operation::Create { class, data } => command.create(named(&class)?, &data).await,
        Operation::Update { class, id, delta, data, clear, add, remove } => {
            let given =
                data::Given { data: &data, is_delta: delta, clear: &clear, add: &add, remove: &remove };
            command.update(named(&class)?, &id, &given).await
        }
        Operation::Delete { class, id } => command.delete(named(&class)?, &id).await,
    }
}

fn named(class: &str) -> Result<Class, Failure> {
    Class::named(class).ok_or_else(|| Failure::Theirs(format!("{class} is neither User nor Group")))
}

/// A connector, and how its user wants to see things.
struct Command<'p> {
    connector: Connector,
    view: View,
    dry_run: bool,
    printer: &'p Printer,
}

impl Command<'_> {
    async fn test(&self) -> Done {
        let report = self.connector.test().await.map_err(|error| self.failure(&error))?;
        self.printer.data(&serde_json::to_value(&report)?, || described(&report));
        Ok(())
    }

    async fn schema(&self, class: Option<&str>) -> Done {
        let classes = match class {
            Some(class) => vec![named(class)?],
            None => vec![Class::User, Class::Group],
        };
        let kinds = self.connector.discovered().await.map_err(|error| self.failure(&error))?;
        let mut json = Map::new();
        let mut rows = vec![["CLASS", "ATTRIBUTE", "TYPE", "HAS"].map(str::to_owned).to_vec()];
        for class in classes {
            let flat = flat_attributes(&self.connector.names(&kinds, class));
            for attribute in &flat {
                let kind = serde_json::to_value(attribute.kind)?;
                let has = [
                    (attribute.required, "required"),
                    (attribute.multi_valued, "several"),
                    (!attribute.readable, "not readable"),
                    (!attribute.creatable && !attribute.updateable, "read-only"),
                    (attribute.creatable && !attribute.updateable, "fixed once set"),
                ];
                let has: Vec<&str> = has.into_iter().filter(|(has, _)| *has).map(|(_, word)| word).collect();
                let kind = kind.as_str().unwrap_or_default().to_owned();
                rows.push(vec![class.name().to_owned(), attribute.name.clone(), kind, has.join(", ")]);
            }
            match self.view {
                View::Connid => json.insert(class.connid_name().to_owned(), serde_json::to_value(flat)?),
                View::Scim => json.insert(class.name().to_owned(), scim_schema(kinds.of(class))),
            };
        }
        self.printer.data(&Value::Object(json), || table(&rows));
        Ok(())
    }

    async fn search(&self, given: args::Search) -> Done {
        let class = named(&given.class)?;
        let filter = match &given.filter {
            Some(text) => {
                Some(self.connector.filter(class, text).await.map_err(|error| self.failure(&error))?)
            }
            None => None,
        };
        let sort_by = given.sort_by.as_deref().map(str::parse).transpose();
        let sort_by = sort_by.map_err(|error| Failure::Theirs(format!("--sort-by: {error}")))?;
        let page_size = given.page_size;
        let search = Search {
            filter,
            attributes: given.attributes,
            sort_by,
            descending: given.descending,
            page_size,
            cookie: given.cookie,
        };
        let mut found = self.connector.search(class, search).await.map_err(|error| self.failure(&error))?;
        if page_size.is_some() {
            let page = found.next().await.map_err(|error| self.failure(&error))?;
            return self.page(class, page);
        }
        let mut incomplete = None;
        while let Some(page) = found.next().await.map_err(|error| self.failure(&error))? {
            for object in page.objects {
                let line = self.shown(class, object);
                self.printer.data(&line, || line.to_string());
            }
            incomplete = page.incomplete;
        }
        incomplete.map_or(Ok(()), |reason| Err(lacking(&reason)))
    }

    /// One page, with where to go on.
    fn page(&self, class: Class, page: Option<Page>) -> Done {
        let page = page.unwrap_or(Page { objects: Vec::new(), cookie: None, incomplete: None });
        let objects: Vec<Value> = page.objects.into_iter().map(|object| self.shown(class, object)).collect();
        self.print(&json!({ "objects": objects, "cookie": page.cookie, "incomplete": page.incomplete }));
        page.incomplete.map_or(Ok(()), |reason| Err(lacking(&reason)))
    }

    async fn create(&self, class: Class, data: &args::Data) -> Done {
        let given = data::object(data, self.view)?;
        let object = match self.view {
            View::Connid => {
                self.connector.object(class, &given).await.map_err(|error| self.failure(&error))?
            }
            View::Scim => given,
        };
        if self.dry_run {
            let requests = self.connector.plan_create(class, &object).await;
            self.planned(&requests.map_err(|error| self.failure(&error))?);
            return Ok(());
        }
        let created = self.connector.create(class, &object).await.map_err(|error| self.failure(&error))?;
        if created.found {
            self.printer.note("no answer came to the request; it was found carried out");
        }
        self.print(&match created.object {
            Some(mut object) => {
                object.entry("id").or_insert_with(|| created.id.into());
                self.shown(class, object)
            }
            None => json!({ "id": created.id }),
        });
        Ok(())
    }

    async fn update(&self, class: Class, id: &str, given: &data::Given<'_>) -> Done {
        let change = given.change(self.view)?;
        if self.dry_run {
            let requests = self.connector.plan_update(class, id, &change).await;
            self.planned(&requests.map_err(|error| self.failure(&error))?);
            return Ok(());
        }
        let updated =
            self.connector.update(class, id, &change).await.map_err(|error| self.failure(&error))?;
        let (json, text) = match updated.requests {
            0 => (json!({ "id": id, "requests": 0 }), format!("{} {id} is so already", class.name())),
            count => {
                let plural = if count == 1 { "" } else { "s" };
                let text = format!("{} {id} updated by {count} request{plural}", class.name());
                (json!({ "id": id, "requests": count }), text)
            }
        };
        self.printer.data(&json, || text);
        Ok(())
    }

    async fn delete(&self, class: Class, id: &str) -> Done {
        if self.dry_run {
            self.planned(&[self.connector.plan_delete(class, id)]);
            return Ok(());
        }
        self.connector.delete(class, id).await.map_err(|error| self.failure(&error))?;
        self.printer.data(&json!({ "id": id, "deleted": true }), || format!("{} {id} deleted", class.name()));
        Ok(())
    }

    /// The requests as they would be sent.
    fn planned(&self, requests: &[Request]) {
        let shown: Vec<_> = requests.iter().map(|request| self.connector.shown(request)).collect();
        self.printer.data(&json!({ "requests": shown }), || {
            let texts: Vec<String> = shown.iter().map(ToString::to_string).collect();
            if texts.is_empty() { "nothing to send: it is so already".to_owned() } else { texts.join("\n") }
        });
    }

    fn shown(&self, class: Class, object: Map<String, Value>) -> Value {
        Value::Object(match self.view {
            View::Connid => self.connector.flat(class, &object),
            View::Scim => object,
        })
    }

    fn print(&self, json: &Value) {
        self.printer.data(json, || format!("{json:#}"));
    }

    /// What a person can do about it, and in ConnId's view what ConnId calls it.
    fn failure(&self, error: &OperationError) -> Failure {
        let name = match self.view {
            View::Connid => format!("{}: ", error.connid_name()),
            View::Scim => String::new(),
        };
        Failure::Theirs(format!("{name}{error}"))
    }
}

fn lacking(reason: &str) -> Failure {
    Failure::Theirs(format!("not everyone may be here: {reason}"))
}

/// A report for people.
fn described(report: &Report) -> String {
    let users = report.users.map_or_else(|| "some".to_owned(), |users| users.to_string());
    let mut rows = vec![
        vec!["application".to_owned(), format!("{}, SCIM {}", report.base_url, report.scim_version)],
        vec!["users".to_owned(), users],
    ];
    let words = |can: bool| {
        let found = report.can.iter().filter(|(_, found)| *found == can).map(|(name, _)| name.as_str());
        let found: Vec<&str> = found.collect();
        if found.is_empty() { "-".to_owned() } else { found.join(", ") }
    };
    if report.describes_itself {
        rows.push(vec!["says it can".to_owned(), words(true)]);
        rows.push(vec!["says it cannot".to_owned(), words(false)]);
    } else {
        rows.push(vec!["says of itself".to_owned(), "nothing".to_owned()]);
    }
    rows.push(vec!["resource types".to_owned(), report.resource_types.join(", ")]);
    rows.push(vec!["schemas".to_owned(), report.schemas.len().to_string()]);
    table(&rows)
}
