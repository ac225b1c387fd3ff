//! AWS's lists of resource types and network event sources, as of summer 2026. AWS adds to them every month.

/// Types that have data events: user guide, "Logging data events".
const RESOURCE_TYPES: &str = include_str!("resource-types.txt");
/// Services that have network activity events: user guide, "Logging network activity events".
const NETWORK_SOURCES: &str = include_str!("network-sources.txt");

/// Whether data events of this type are known to exist.
pub fn is_data_resource_type(name: &str) -> bool {
    RESOURCE_TYPES.lines().any(|line| line == name)
}

/// Whether network activity events of this service are known to exist.
pub fn is_network_source(name: &str) -> bool {
    NETWORK_SOURCES.lines().any(|line| line == name)
}

/// The event source of the service that a resource type names, if it has network activity events: `AWS::S3::AccessPoint` is of
/// `s3.amazonaws.com`.
pub fn network_source_of(resource_type: &str) -> Option<&'static str> {
    let service = resource_type.strip_prefix("AWS::")?.split("::").next()?.to_ascii_lowercase();
    let service = match service.as_str() {
        "s3objectlambda" | "s3express" => "s3",
        other => other,
    };
    NETWORK_SOURCES.lines().find(|line| line.strip_suffix(".amazonaws.com") == Some(service))
}

/// The known type that differs only in upper and lower case.
pub fn meant_resource_type(name: &str) -> Option<&'static str> {
    RESOURCE_TYPES.lines().find(|line| line.eq_ignore_ascii_case(name))
}
