//! Data that was touched: which buckets, secrets, parameters, tables; how many objects, how many bytes.
//!
//! A table says which events touch data; a data event that is not in it is told by what it names.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::event::Event;
use crate::json;
use crate::limits::{CONTAINERS_MAX, OBJECTS_MAX};
use crate::model::Container;
use crate::resource;

/// Objects of a container that are named.
const EXAMPLES_MAX: usize = 5;

/// How an event touches data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    action: &'static str,
    /// Path of the container in the request; a word in quotes is the container itself.
    container: &'static str,
    /// Path of the object in the request.
    object: &'static str,
}

const fn touches(action: &'static str, container: &'static str, object: &'static str) -> Touch {
    Touch { action, container, object }
}

/// Management events that touch data, and data events that say more than their name.
const TABLE: [(&str, &str, Touch); 44] = [
    ("secretsmanager", "GetSecretValue", touches("read", "'secrets'", "secretId")),
    ("secretsmanager", "BatchGetSecretValue", touches("read", "'secrets'", "secretIdList")),
    ("ssm", "GetParameter", touches("read", "'parameters'", "name")),
    ("ssm", "GetParameters", touches("read", "'parameters'", "names")),
    ("ssm", "GetParametersByPath", touches("read", "'parameters'", "path")),
    ("ssm", "GetParameterHistory", touches("read", "'parameters'", "name")),
    ("s3", "ListObjects", touches("listed", "bucketName", "prefix")),
    ("s3", "ListObjectsV2", touches("listed", "bucketName", "prefix")),
    ("s3", "ListObjectVersions", touches("listed", "bucketName", "prefix")),
    ("s3", "ListParts", touches("listed", "bucketName", "key")),
    ("s3", "DeleteObject", touches("deleted", "bucketName", "key")),
    ("s3", "DeleteObjects", touches("deleted", "bucketName", "key")),
    ("s3", "PutObject", touches("written", "bucketName", "key")),
    ("s3", "CopyObject", touches("written", "bucketName", "key")),
    ("s3", "CompleteMultipartUpload", touches("written", "bucketName", "key")),
    ("s3", "CreateMultipartUpload", touches("written", "bucketName", "key")),
    ("s3", "UploadPart", touches("written", "bucketName", "key")),
    ("s3", "RestoreObject", touches("read", "bucketName", "key")),
    ("dynamodb", "PutItem", touches("written", "tableName", "key")),
    ("dynamodb", "UpdateItem", touches("written", "tableName", "key")),
    ("dynamodb", "DeleteItem", touches("deleted", "tableName", "key")),
    ("dynamodb", "BatchWriteItem", touches("written", "tableName", "")),
    ("lambda", "Invoke", touches("invoked", "functionName", "")),
    ("lambda", "GetFunction20150331v2", touches("read", "'functions'", "functionName")),
    ("bedrock", "InvokeModel", touches("invoked", "modelId", "")),
    ("bedrock", "InvokeModelWithResponseStream", touches("invoked", "modelId", "")),
    ("bedrock", "Converse", touches("invoked", "modelId", "")),
    ("ec2", "GetPasswordData", touches("read", "'instance passwords'", "instanceId")),
    ("ec2", "GetConsoleOutput", touches("read", "'instance consoles'", "instanceId")),
    ("ec2", "GetConsoleScreenshot", touches("read", "'instance consoles'", "instanceId")),
    ("ebs", "GetSnapshotBlock", touches("read", "snapshotId", "blockIndex")),
    ("ebs", "ListSnapshotBlocks", touches("listed", "snapshotId", "")),
    ("ecr", "BatchGetImage", touches("read", "repositoryName", "imageIds")),
    ("ecr", "GetDownloadUrlForLayer", touches("read", "repositoryName", "layerDigest")),
    ("codecommit", "GitPull", touches("read", "repositoryName", "")),
    ("codecommit", "GetFile", touches("read", "repositoryName", "filePath")),
    ("athena", "StartQueryExecution", touches("read", "queryExecutionContext.database", "")),
    ("athena", "GetQueryResults", touches("read", "'query results'", "queryExecutionId")),
    ("rds-data", "ExecuteStatement", touches("read", "resourceArn", "")),
    ("redshift-data", "ExecuteStatement", touches("read", "database", "")),
    ("rds", "DownloadDBLogFilePortion", touches("read", "dBInstanceIdentifier", "logFileName")),
    ("logs", "GetLogEvents", touches("read", "logGroupName", "logStreamName")),
    ("logs", "FilterLogEvents", touches("read", "logGroupName", "")),
    ("logs", "StartQuery", touches("read", "logGroupName", "")),
];

/// How an event touches data, if it does.
pub fn touch(event: &Event<'_>) -> Option<Touch> {
    let service = event.service();
    let found = TABLE.iter().find(|(source, name, _)| *source == service && *name == event.name).map(|(.., touch)| *touch);
    let is_data = event.category == "Data" || event.management == Some(false) && event.category != "Insight";
    found.or_else(|| is_data.then(|| touches(action(event), "", "")))
}

fn action(event: &Event<'_>) -> &'static str {
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| event.name.starts_with(verb));
    match () {
        () if begins(&["List", "Head", "Describe"]) => "listed",
        () if begins(&["Delete"]) => "deleted",
        () if begins(&["Invoke"]) => "invoked",
        () if event.writes() => "written",
        () => "read",
    }
}

#[derive(Default)]
struct Counting {
    told: Container,
    objects: HashSet<u64>,
}

/// The data by service, container and action.
#[derive(Default)]
pub struct Data {
    containers: HashMap<(String, String, &'static str), Counting>,
    objects: usize,
}

impl Data {
    /// Takes an event in.
    pub fn take(&mut self, event: &Event<'_>, touch: &Touch, request: &Value, by: usize) {
        let name = container(event, touch, request);
        let key = (event.service().to_owned(), name, touch.action);
        if !self.containers.contains_key(&key) && self.containers.len() >= CONTAINERS_MAX {
            return;
        }
        let counting = self.containers.entry(key).or_default();
        let told = &mut counting.told;
        if told.events == 0 {
            told.by = by;
        }
        told.events += 1;
        told.times.add(event.time_us);
        if event.failed() {
            told.failed += 1;
            return;
        }
        let additional = Event::parsed(event.additional);
        let bytes = |path| additional.as_ref().and_then(|value| json::at(value, path)).and_then(Value::as_f64).unwrap_or(0.0);
        told.bytes_out += bytes("bytesTransferredOut") as u64;
        told.bytes_in += bytes("bytesTransferredIn") as u64;
        for object in objects(touch, request) {
            if self.objects < OBJECTS_MAX && counting.objects.insert(hash(&object)) {
                self.objects += 1;
                if told.examples.len() < EXAMPLES_MAX {
                    told.examples.push(object);
                }
            }
        }
    }

    /// The containers, those with the most different objects first.
    pub fn containers(self) -> Vec<Container> {
        let all = self.containers.into_iter().map(|((service, name, action), counting)| Container {
            service,
            name,
            action: action.to_owned(),
            objects: counting.objects.len() as u64,
            ..counting.told
        });
        let mut all: Vec<Container> = all.collect();
        let rank = |container: &Container| match container.action.as_str() {
            "read" => 0,
            "deleted" => 1,
            "written" => 2,
            "invoked" => 3,
            _ => 4,
        };
        all.sort_by(|a, b| (rank(a), b.objects, b.events).cmp(&(rank(b), a.objects, a.events)).then_with(|| a.name.cmp(&b.name)));
        all
    }
}

fn container(event: &Event<'_>, touch: &Touch, request: &Value) -> String {
    if let Some(word) = touch.container.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return word.to_owned();
    }
    let named = (!touch.container.is_empty()).then(|| json::text_at(request, touch.container)).flatten();
    named.or_else(|| resource::target(event, Some(request))).unwrap_or_default()
}

fn objects(touch: &Touch, request: &Value) -> Vec<String> {
    let path = if touch.object.is_empty() { "key" } else { touch.object };
    match json::at(request, path) {
        Some(Value::Array(items)) => items.iter().map(json::spelled).collect(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(value) => vec![json::spelled(value)],
        None => Vec::new(),
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_counted_once_and_bytes_are_added() {
        let mut data = Data::default();
        for key in ["a", "b", "a"] {
            let request = format!(r#"{{"bucketName":"b","key":"{key}"}}"#);
            let event = Event {
                source: "s3.amazonaws.com",
                name: "GetObject",
                category: "Data",
                read_only: Some(true),
                request: &request,
                additional: r#"{"bytesTransferredOut":10.0}"#,
                bucket: "b",
                ..Event::default()
            };
            data.take(&event, &touch(&event).unwrap(), &Event::parsed(&request).unwrap(), 0);
        }
        let found = data.containers();
        let told = (found[0].name.as_str(), found[0].action.as_str(), found[0].events, found[0].objects, found[0].bytes_out);
        assert_eq!(told, ("b", "read", 3, 2, 30));
    }

    #[test]
    fn data_events_that_nobody_wrote_down() {
        let event =
            Event { source: "new.amazonaws.com", name: "FetchThing", category: "Data", read_only: Some(true), ..Event::default() };
        let found = touch(&event).unwrap();
        let request = Event::parsed(r#"{"thingName":"t"}"#).unwrap();
        assert_eq!((found.action, container(&event, &found, &request).as_str()), ("read", "t"));
        assert_eq!(
            touch(&Event { source: "ec2.amazonaws.com", name: "DescribeVpcs", management: Some(true), ..Event::default() }),
            None
        );
    }
}
