//! The long tail: hundreds of calls that an organization makes now and then, composed of services, nouns and verbs.

use crate::catalogue::Entry;

/// A service, the nouns of its API and the parameter that names one thing.
const SERVICES: [(&str, &[&str]); 26] = [
    ("ec2", &["FlowLogs", "NatGateways", "VpcEndpoints", "KeyPairs", "LaunchTemplates", "Addresses", "NetworkAcls"]),
    ("rds", &["DBClusters", "DBSnapshots", "DBSubnetGroups", "EventSubscriptions", "OptionGroups"]),
    ("iam", &["InstanceProfiles", "Policies", "Groups", "SAMLProviders", "ServerCertificates"]),
    ("lambda", &["EventSourceMappings20150331", "Layers20181031", "Aliases20150331"]),
    ("glue", &["Databases", "Tables", "Jobs", "Crawlers", "Triggers"]),
    ("states", &["StateMachines", "Executions", "Activities"]),
    ("cloudfront", &["Distributions", "CachePolicies", "Functions"]),
    ("route53", &["HostedZones", "HealthChecks", "ResourceRecordSets"]),
    ("wafv2", &["WebACLs", "RuleGroups", "IPSets"]),
    ("elasticache", &["CacheClusters", "ReplicationGroups", "CacheSubnetGroups"]),
    ("es", &["Domains", "Packages", "VpcEndpoints"]),
    ("kinesis", &["Streams", "StreamConsumers"]),
    ("firehose", &["DeliveryStreams"]),
    ("backup", &["BackupJobs", "BackupVaults", "RecoveryPoints", "CopyJobs"]),
    ("config", &["ConfigRules", "ConfigurationAggregators", "ConformancePacks"]),
    ("guardduty", &["Detectors", "Filters", "ThreatIntelSets"]),
    ("codebuild", &["Projects", "Builds", "ReportGroups"]),
    ("codepipeline", &["Pipelines", "PipelineExecutions", "Webhooks"]),
    ("ecr", &["Repositories", "LifecyclePolicies", "PullThroughCacheRules"]),
    ("elasticfilesystem", &["FileSystems", "MountTargets", "AccessPoints"]),
    ("sagemaker", &["Endpoints", "TrainingJobs", "NotebookInstances", "Models"]),
    ("bedrock", &["FoundationModels", "Guardrails", "CustomModels"]),
    ("redshift", &["Clusters", "ClusterSnapshots", "ClusterParameterGroups"]),
    ("transfer", &["Servers", "Users", "Workflows"]),
    ("servicecatalog", &["Portfolios", "ProvisionedProducts"]),
    ("acm", &["Certificates", "CertificateTags"]),
];

/// What guards an organization is looked at now and then, but not changed by whoever comes along.
const ONLY_READ: [(&str, &str); 9] = [
    ("ec2", "FlowLogs"),
    ("iam", "SAMLProviders"),
    ("backup", "BackupVaults"),
    ("backup", "RecoveryPoints"),
    ("config", "ConfigRules"),
    ("guardduty", "Detectors"),
    ("guardduty", "Filters"),
    ("guardduty", "ThreatIntelSets"),
    ("bedrock", "Guardrails"),
];

/// A verb, and whether it only reads.
const VERBS: [(&str, Effect); 6] = [
    ("Describe", Effect::Reads),
    ("List", Effect::Reads),
    ("Get", Effect::Reads),
    ("Update", Effect::Writes),
    ("Create", Effect::Writes),
    ("Delete", Effect::Writes),
];

#[derive(Clone, Copy)]
enum Effect {
    Reads,
    Writes,
}

/// All rare calls: the common verbs of every service come before the uncommon ones of any.
pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for (verb, effect) in VERBS {
        for (service, nouns) in SERVICES {
            let is_done = |noun: &&&str| matches!(effect, Effect::Reads) || !ONLY_READ.contains(&(service, **noun));
            entries.extend(nouns.iter().filter(is_done).map(|noun| entry(service, verb, noun, effect)));
        }
    }
    entries
}

fn entry(service: &str, verb: &str, noun: &str, effect: Effect) -> Entry {
    let thing = singular(noun);
    let field = lower_first(thing.trim_end_matches(|letter: char| letter.is_ascii_digit()));
    match effect {
        Effect::Reads if verb == "Get" => {
            let request = format!(r#"{{"{field}Name":"$w-$R","includeDetails":true}}"#);
            Entry::read(service, &format!("Get{thing}"), &request)
        }
        Effect::Reads if verb == "List" => Entry::read(service, &format!("List{noun}"), r#"{"maxResults":$d}"#),
        Effect::Reads => {
            let request = r#"{"maxResults":$d,"nextToken":"$q","filters":[{"name":"tag:team","values":["$w"]}]}"#;
            Entry::read(service, &format!("{verb}{noun}"), request)
        }
        Effect::Writes => {
            let arn = format!("arn:aws:{service}:$r:$a:{}/$w-$h", field.to_lowercase());
            let request = format!(
                r#"{{"{field}Name":"$w-$f","{field}Arn":"{arn}","clientToken":"$u","tags":[{{"key":"team","value":"$w"}}]}}"#
            );
            let response = format!(r#"{{"{field}":{{"{field}Arn":"{arn}","status":"IN_PROGRESS","lastModified":"$T"}}}}"#);
            Entry::write(service, &format!("{verb}{thing}"), &request, &response)
        }
    }
}

fn singular(noun: &str) -> String {
    let (stem, digits) = noun.split_at(noun.trim_end_matches(|letter: char| letter.is_ascii_digit()).len());
    let stem = match stem.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => match stem.strip_suffix("ses") {
            Some(stem) if stem.ends_with('a') || stem.ends_with('x') => format!("{stem}s"),
            _ => stem.strip_suffix('s').unwrap_or(stem).to_owned(),
        },
    };
    format!("{stem}{digits}")
}

fn lower_first(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
