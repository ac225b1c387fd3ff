//! The API calls of ordinary life, in order of frequency. Rank `n` gets a weight of about `(n + 8)^-1.18`, the slope
//! measured on real logs; data events count double. Add a call by adding a line; the rare ones are composed in `catalogue_rare.rs`.

use crate::catalogue_rare;
use crate::template::Template;

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Any principal with credentials.
    Anyone,
    /// A person in the console.
    Person,
    /// An AWS service on its own account.
    Service,
}

/// One API call as written in the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) version: &'static str,
    pub(crate) request: String,
    pub(crate) response: String,
    pub(crate) extra: &'static str,
    pub(crate) resources: &'static str,
    pub(crate) event_type: &'static str,
    pub(crate) read: bool,
    pub(crate) data: bool,
    pub(crate) global: bool,
    pub(crate) caller: Caller,
}

/// One API call, ready to be written.
#[derive(Debug)]
pub(crate) struct Call {
    /// `ec2.amazonaws.com`
    pub(crate) source: String,
    /// `ec2`
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) version: &'static str,
    pub(crate) request: Template,
    pub(crate) response: Template,
    pub(crate) extra: Option<Template>,
    pub(crate) resources: Option<Template>,
    pub(crate) event_type: &'static str,
    pub(crate) read: bool,
    pub(crate) data: bool,
    /// Recorded in `us-east-1` only.
    pub(crate) global: bool,
    pub(crate) caller: Caller,
    pub(crate) weight: u64,
}

/// All calls, most frequent first.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) calls: Vec<Call>,
}

impl Catalogue {
    /// Compiles the catalogue.
    pub(crate) fn new() -> Catalogue {
        let entries = entries().into_iter().chain(catalogue_rare::entries());
        Catalogue { calls: (0..).zip(entries).map(|(rank, entry)| call(rank, entry)).collect() }
    }
}

fn call(rank: u32, entry: Entry) -> Call {
    let optional = |text: &str| (!text.is_empty()).then(|| Template::new(text));
    Call {
        source: format!("{}.amazonaws.com", entry.source),
        service: entry.source,
        name: entry.name,
        version: entry.version,
        request: Template::new(&entry.request),
        response: Template::new(&entry.response),
        extra: optional(entry.extra),
        resources: optional(entry.resources),
        event_type: entry.event_type,
        read: entry.read,
        data: entry.data,
        global: entry.global,
        caller: entry.caller,
        weight: (1e8 * (f64::from(rank) + 9.0).powf(-1.18)).round() as u64 * if entry.data { 2 } else { 1 },
    }
}

impl Entry {
    pub(crate) fn read(source: &str, name: &str, request: &str) -> Entry {
        Entry {
            source: source.to_owned(),
            name: name.to_owned(),
            version: "1.11",
            request: request.to_owned(),
            response: "null".to_owned(),
            extra: "",
            resources: "",
            event_type: "AwsApiCall",
            read: true,
            data: false,
            global: matches!(source, "iam" | "organizations" | "route53" | "signin" | "cloudfront" | "health"),
            caller: Caller::Anyone,
        }
    }

    pub(crate) fn write(source: &str, name: &str, request: &str, response: &str) -> Entry {
        Entry { read: false, response: response.to_owned(), ..Entry::read(source, name, request) }
    }

    fn data(self) -> Entry {
        Entry { data: true, ..self }
    }

    fn version(self, version: &'static str) -> Entry {
        Entry { version, ..self }
    }

    fn extra(self, extra: &'static str) -> Entry {
        Entry { extra, ..self }
    }

    fn resources(self, resources: &'static str) -> Entry {
        Entry { resources, ..self }
    }

    fn caller(self, caller: Caller) -> Entry {
        Entry { caller, ..self }
    }

    fn event_type(self, event_type: &'static str) -> Entry {
        Entry { event_type, ..self }
    }

    fn answers(self, response: &str) -> Entry {
        Entry { response: response.to_owned(), ..self }
    }
}

const S3_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"$z","bytesTransferredOut":$N}"#;
const S3_PUT_EXTRA: &str = r#"{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":$N,"SSEApplied":"Default_SSE_S3","AuthenticationMethod":"AuthHeader","x-amz-id-2":"$z","bytesTransferredOut":0}"#;
const S3_OBJECT: &str = r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$b/$o"},{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$b"}]"#;
const S3_BUCKET: &str = r#"[{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$b"}]"#;
const KMS_KEY: &str = r#"[{"accountId":"$a","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$r:$a:key/$k"}]"#;
const TABLE: &str = r#"[{"accountId":"$a","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$r:$a:table/$t"}]"#;
const FUNCTION: &str = r#"[{"accountId":"$a","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:$r:$a:function:$f"}]"#;
const ROLE: &str = r#"[{"accountId":"$a","type":"AWS::IAM::Role","ARN":"arn:aws:iam::$a:role/$R"}]"#;
const SECRET: &str = r#"{"secretId":"arn:aws:secretsmanager:$r:$a:secret:$S"}"#;
const CREDENTIALS: &str = r#"{"credentials":{"accessKeyId":"$K","sessionToken":"$B","expiration":"$E"},"assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE$d:$w","arn":"arn:aws:sts::$a:assumed-role/$R/$w"}}"#;

/// The frequent calls, most frequent first.
pub(crate) fn entries() -> Vec<Entry> {
    let groups = [everyday(), frequent(), regular(), occasional()];
    groups.into_iter().flatten().collect()
}

fn everyday() -> Vec<Entry> {
    use Caller::Service;
    use Entry as E;
    vec![
        E::read("s3", "GetObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$o"}"#).data().extra(S3_EXTRA).resources(S3_OBJECT),
        E::read("kms", "Decrypt", r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$b/$o"},"keyId":"arn:aws:kms:$r:$a:key/$k","encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#).extra(r#"{"keyMaterialId":"$h$h$h"}"#).resources(KMS_KEY),
        E::write("sts", "AssumeRole", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"$w-$x","durationSeconds":3600}"#, CREDENTIALS).resources(ROLE),
        E::write("s3", "PutObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$o"}"#, r#"{"x-amz-server-side-encryption":"AES256","x-amz-checksum-crc64nvme":"$c","x-amz-checksum-type":"FULL_OBJECT"}"#).data().extra(S3_PUT_EXTRA).resources(S3_OBJECT),
        E::read("s3", "GetBucketAcl", r#"{"bucketName":"$L","acl":"","Host":"$L.s3.$r.amazonaws.com"}"#).extra(S3_EXTRA).caller(Service),
        E::read("ec2", "DescribeInstances", r#"{"instancesSet":{"items":[{"instanceId":"$i"}]},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"pending"}]}}]}}"#),
        E::read("kms", "GenerateDataKey", r#"{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$b"},"keyId":"arn:aws:kms:$r:$a:key/$k","keySpec":"AES_256"}"#).resources(KMS_KEY),
        E::write("sts", "AssumeRole", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"$q"}"#, CREDENTIALS).resources(ROLE).caller(Service),
        E::read("kms", "GenerateDataKey", r#"{"keySpec":"AES_256","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:$a:trail/organization-trail","aws:s3:arn":"arn:aws:s3:::$L/AWSLogs/$a/CloudTrail/$r/$h.json.gz"},"keyId":"arn:aws:kms:$r:$a:key/$k"}"#).resources(KMS_KEY).caller(Service),
        E::write("lambda", "Invoke", r#"{"functionName":"arn:aws:lambda:$r:$a:function:$f","invocationType":"Event"}"#, "null").data().resources(FUNCTION).caller(Service),
        E::read("s3", "HeadBucket", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com"}"#).resources(S3_BUCKET).caller(Service),
        E::read("kms", "Decrypt", r#"{"encryptionContext":{"aws:lambda:FunctionArn":"arn:aws:lambda:$r:$a:function:$f"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#).resources(KMS_KEY).caller(Service),
        E::write("lambda", "Invoke", r#"{"functionName":"arn:aws:lambda:$r:$a:function:$f","invocationType":"Event","clientContext":"$q"}"#, "null").data().resources(FUNCTION).extra(r#"{"customerEniId":"eni-$h","functionVersion":"arn:aws:lambda:$r:$a:function:$f:$$LATEST"}"#),
        E::read("dynamodb", "GetItem", r#"{"tableName":"$t","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS"},"consistentRead":false}"#).data().resources(TABLE),
        E::write("logs", "CreateLogStream", r#"{"logGroupName":"/aws/lambda/$f","logStreamName":"$w/[$$LATEST]$q"}"#, "null"),
        E::read("sts", "GetCallerIdentity", "null"),
        E::read("ssm", "GetParameter", r#"{"name":"$P","withDecryption":true}"#).resources(r#"[{"accountId":"$a","ARN":"arn:aws:ssm:$r:$a:parameter$P"}]"#),
        E::read("secretsmanager", "GetSecretValue", SECRET),
    ]
}

fn frequent() -> Vec<Entry> {
    use Entry as E;
    vec![
        E::read("dynamodb", "Query", r#"{"tableName":"$t","indexName":"by-$w","limit":$d,"keyConditionExpression":"pk = :pk and begins_with(sk, :sk)","scanIndexForward":false}"#).data().resources(TABLE),
        E::read("ec2", "DescribeRouteTables", r#"{"routeTableIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"$v"}]}}]}}"#),
        E::write("ssm", "UpdateInstanceInformation", r#"{"instanceId":"$i","agentVersion":"3.3.$d.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.$d.$d.$d","computerName":"ip-10-0-$d-$d.$r.compute.internal","agentName":"amazon-ssm-agent","availabilityZone":"$ra","availabilityZoneId":"az$d","sSMConnectionChannel":"ssmmessages"}"#, "null").version("1.10"),
        E::read("s3", "ListObjects", r#"{"list-type":"2","bucketName":"$b","prefix":"$w/","encoding-type":"url","max-keys":"1000","Host":"$b.s3.$r.amazonaws.com"}"#).data().extra(S3_EXTRA).resources(r#"[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::$b/$w/"},{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$b"}]"#),
        E::read("s3", "HeadObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$o"}"#).data().extra(S3_EXTRA).resources(S3_OBJECT),
        E::read("ec2", "DescribeSecurityGroups", r#"{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$g"},{"groupId":"sg-$h"}]},"filterSet":{}}"#),
        E::read("monitoring", "GetMetricData", r#"{"startTime":"$T","endTime":"$T","maxDatapoints":100800,"metricDataQueries":[{"id":"m$d","returnData":true}]}"#),
        E::write("dynamodb", "PutItem", r#"{"tableName":"$t","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS","sk":"HIDDEN_DUE_TO_SECURITY_REASONS"}}"#, "null").data().resources(TABLE),
        E::read("ssm", "DescribeInstanceInformation", r#"{"maxResults":50,"filters":[{"key":"InstanceIds","valueSet":["$i"]}]}"#),
        E::read("ec2", "DescribeSubnets", r#"{"subnetSet":{"items":[{"subnetId":"$s"},{"subnetId":"subnet-$h"}]},"filterSet":{}}"#),
        E::read("ec2", "DescribeVolumes", r#"{"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"$i"}]}}]}}"#),
        E::read("ec2", "DescribeNetworkInterfaces", r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"eni-$h"}]},"filterSet":{}}"#),
        E::read("ecr", "BatchGetImage", r#"{"registryId":"$a","repositoryName":"$w/service","imageIds":[{"imageDigest":"sha256:$h$h$h$q"}],"acceptedMediaTypes":["application/vnd.docker.distribution.manifest.v2+json","application/vnd.oci.image.manifest.v1+json","application/vnd.oci.image.index.v1+json"]}"#).resources(r#"[{"accountId":"$a","ARN":"arn:aws:ecr:$r:$a:repository/$w/service"}]"#),
        E::read("elasticloadbalancing", "DescribeTargetHealth", r#"{"targetGroupArn":"arn:aws:elasticloadbalancing:$r:$a:targetgroup/$w/$h"}"#),
        E::read("ec2", "DescribeTags", r#"{"maxResults":200,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"$i"}]}}]}}"#),
        E::read("autoscaling", "DescribeAutoScalingGroups", r#"{"autoScalingGroupNames":["$w-nodes-$R"],"maxRecords":100}"#),
        E::read("iam", "GetRole", r#"{"roleName":"$R"}"#),
        E::read("ecs", "DescribeTasks", r#"{"cluster":"arn:aws:ecs:$r:$a:cluster/$w","tasks":["arn:aws:ecs:$r:$a:task/$w/$q"]}"#),
        E::read("eks", "DescribeCluster", r#"{"name":"$w-cluster"}"#),
        E::write("sts", "AssumeRoleWithWebIdentity", r#"{"roleArn":"arn:aws:iam::$a:role/$R","roleSessionName":"GitHubActions","durationSeconds":3600}"#, r#"{"credentials":{"accessKeyId":"$K","sessionToken":"$B","expiration":"$E"},"subjectFromWebIdentityToken":"repo:example/$w:ref:refs/heads/main","assumedRoleUser":{"assumedRoleId":"AROAEXAMPLE$d:GitHubActions","arn":"arn:aws:sts::$a:assumed-role/$R/GitHubActions"},"provider":"arn:aws:iam::$a:oidc-provider/token.actions.githubusercontent.com","audience":"sts.amazonaws.com"}"#).resources(ROLE),
    ]
}

fn regular() -> Vec<Entry> {
    use Caller::{Person, Service};
    use Entry as E;
    vec![
        E::read("rds", "DescribeDBInstances", r#"{"dBInstanceIdentifier":"$D"}"#),
        E::read("cloudformation", "DescribeStacks", r#"{"stackName":"arn:aws:cloudformation:$r:$a:stack/$w-$f/$u"}"#),
        E::read("lambda", "GetFunction20150331v2", r#"{"functionName":"arn:aws:lambda:$r:$a:function:$f"}"#).extra(r#"{"functionVersion":"$$LATEST"}"#),
        E::read("ec2", "DescribeVpcs", r#"{"vpcSet":{"items":[{"vpcId":"$v"}]},"filterSet":{}}"#),
        E::read("kms", "DescribeKey", r#"{"keyId":"$k"}"#).resources(KMS_KEY),
        E::write("s3", "DeleteObject", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","key":"$o"}"#, "null").data().extra(S3_EXTRA).resources(S3_OBJECT),
        E::read("ecs", "DescribeServices", r#"{"cluster":"$w","services":["$f"],"include":["TAGS"]}"#),
        E::read("s3", "ListBuckets", r#"{"Host":"s3.$r.amazonaws.com"}"#).extra(S3_EXTRA),
        E::read("ec2", "DescribeImages", r#"{"imagesSet":{"items":[{"imageId":"ami-$h"}]},"ownersSet":{"items":[{"owner":"self"}]},"filterSet":{}}"#),
        E::read("iam", "ListAttachedRolePolicies", r#"{"roleName":"$R"}"#),
        E::write("dynamodb", "UpdateItem", r#"{"tableName":"$t","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS"},"updateExpression":"SET updatedAt = :t ADD revision :one","returnValues":"NONE"}"#, "null").data().resources(TABLE),
        E::read("health", "DescribeEventAggregates", r#"{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"],"startTimes":[{"from":"$T"}]}}"#).caller(Person).version("1.10"),
        E::write("signin", "ConsoleLogin", "null", r#"{"ConsoleLogin":"Success"}"#).caller(Person).extra(r#"{"LoginTo":"https://$r.console.aws.amazon.com/console/home?region=$r\u0026isauthcode=true\u0026state=hashArgsFromTB_$q","MobileVersion":"No","MFAUsed":"Yes"}"#).event_type("AwsConsoleSignIn").version("1.08"),
        E::read("notifications", "ListNotificationHubs", "null").caller(Person).version("1.10"),
        E::write("kms", "CreateGrant", r#"{"keyId":"arn:aws:kms:$r:$a:key/$k","granteePrincipal":"rds.$r.amazonaws.com","retiringPrincipal":"rds.$r.amazonaws.com","operations":["Decrypt","Encrypt","GenerateDataKey","CreateGrant","RetireGrant"]}"#, r#"{"keyId":"arn:aws:kms:$r:$a:key/$k","grantId":"$q$q"}"#).resources(KMS_KEY),
        E::write("s3", "PutObject", r#"{"bucketName":"$L","Host":"$L.s3.$r.amazonaws.com","key":"AWSLogs/$a/elasticloadbalancing/$r/$u.log.gz","x-amz-acl":"bucket-owner-full-control"}"#, "null").data().extra(S3_PUT_EXTRA).resources(r#"[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$L/AWSLogs/$a/elasticloadbalancing/$r/"},{"accountId":"$a","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$L"}]"#).caller(Service),
        E::read("ec2", "DescribeInstanceStatus", r#"{"instancesSet":{"items":[{"instanceId":"$i"}]},"filterSet":{},"includeAllInstances":true}"#),
        E::read("config", "DescribeConfigurationRecorders", "null"),
        E::read("iam", "GetUser", r#"{"userName":"$n"}"#),
        E::write("logs", "PutRetentionPolicy", r#"{"logGroupName":"/aws/lambda/$f","retentionInDays":30}"#, "null"),
        E::write("ec2", "CreateNetworkInterface", r#"{"subnetId":"$s","description":"arn:aws:ecs:$r:$a:attachment/$u","groupSet":{"items":[{"groupId":"$g"}]},"privateIpAddressesSet":{},"clientToken":"$u"}"#, r#"{"requestId":"$u","networkInterface":{"networkInterfaceId":"eni-$h","subnetId":"$s","vpcId":"$v","availabilityZone":"$ra","description":"arn:aws:ecs:$r:$a:attachment/$u","ownerId":"$a","requesterId":"$a","requesterManaged":true,"status":"pending","macAddress":"02:$d:$d:$d:$d:$d","privateIpAddress":"10.$d.$d.$d","sourceDestCheck":true,"interfaceType":"interface","groupSet":{"items":[{"groupId":"$g","groupName":"$w"}]},"tagSet":{},"privateIpAddressesSet":{"item":[{"privateIpAddress":"10.$d.$d.$d","primary":true}]}}}"#),
    ]
}

fn occasional() -> Vec<Entry> {
    use Entry as E;
    vec![
        E::write("ec2", "RunInstances", r#"{"instancesSet":{"items":[{"imageId":"ami-$h","minCount":1,"maxCount":1}]},"instanceType":"m7g.large","blockDeviceMapping":{},"monitoring":{"enabled":false},"disableApiTermination":false,"disableApiStop":false,"clientToken":"fleet-$u-0","launchTemplate":{"launchTemplateId":"lt-$h","version":"$d"},"networkInterfaceSet":{"items":[{"deviceIndex":0,"subnetId":"$s"}]},"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"Name","value":"$w"},{"key":"team","value":"Büro Köln"},{"key":"aws:autoscaling:groupName","value":"$w-nodes"}]}]}}"#, r#"{"requestId":"$u","reservationId":"r-$h","ownerId":"$a","groupSet":{},"instancesSet":{"items":[{"instanceId":"i-$h","imageId":"ami-$h","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-$d-$d-$d.$r.compute.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m7g.large","launchTime":$x,"placement":{"availabilityZone":"$ra","tenancy":"default"},"monitoring":{"state":"pending"},"subnetId":"$s","vpcId":"$v","privateIpAddress":"10.$d.$d.$d","architecture":"arm64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","virtualizationType":"hvm","hypervisor":"xen","ebsOptimized":false,"enaSupport":true,"sourceDestCheck":true,"groupSet":{"items":[{"groupId":"$g","groupName":"$w"}]}}]}}"#),
        E::write("ec2", "TerminateInstances", r#"{"instancesSet":{"items":[{"instanceId":"$i"}]}}"#, r#"{"requestId":"$u","instancesSet":{"items":[{"instanceId":"$i","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}"#),
        E::write("ssm", "PutParameter", r#"{"name":"$P","value":"HIDDEN_DUE_TO_SECURITY_REASONS","type":"SecureString","overwrite":true}"#, r#"{"version":$d,"tier":"Standard"}"#),
        E::write("ssm", "StartSession", r#"{"target":"$i","documentName":"AWS-StartInteractiveCommand"}"#, r#"{"sessionId":"$w-$h","tokenValue":"Value hidden due to security reasons.","streamUrl":"wss://ssmmessages.$r.amazonaws.com/v1/data-channel/$w-$h?role=publish_subscribe"}"#).resources(r#"[{"accountId":"$a","ARN":"arn:aws:ec2:$r:$a:instance/$i"}]"#),
        E::write("iam", "PassRole", r#"{"roleName":"$R","roleArn":"arn:aws:iam::$a:role/$R"}"#, "null"),
        E::write("iam", "PutRolePolicy", r#"{"roleName":"$R","policyName":"$w-inline","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::$b/*\"}]}"}"#, "null"),
        E::write("iam", "TagRole", r#"{"roleName":"$R","tags":[{"key":"team","value":"$w"},{"key":"cost-center","value":"$d"}]}"#, "null"),
        E::write("lambda", "UpdateFunctionCode20150331v2", r#"{"functionName":"$f","s3Bucket":"$b","s3Key":"$w/$u.zip","publish":true,"dryRun":false,"architectures":["arm64"]}"#, r#"{"functionName":"$f","functionArn":"arn:aws:lambda:$r:$a:function:$f","runtime":"python3.12","role":"arn:aws:iam::$a:role/$R","handler":"app.handler","codeSize":$N,"description":"","timeout":30,"memorySize":512,"lastModified":"$T","codeSha256":"$q","version":"$d","tracingConfig":{"mode":"PassThrough"},"revisionId":"$u","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"],"ephemeralStorage":{"size":512}}"#),
        E::write("ecs", "RegisterTaskDefinition", r#"{"family":"$w","networkMode":"awsvpc","executionRoleArn":"arn:aws:iam::$a:role/$R","cpu":"512","memory":"1024","requiresCompatibilities":["FARGATE"],"containerDefinitions":[{"name":"$w","image":"$a.dkr.ecr.$r.amazonaws.com/$w:$q","essential":true,"portMappings":[{"containerPort":8080,"protocol":"tcp"}],"environment":"HIDDEN_DUE_TO_SECURITY_REASONS","logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/$w","awslogs-region":"$r"}}}]}"#, r#"{"taskDefinition":{"taskDefinitionArn":"arn:aws:ecs:$r:$a:task-definition/$w:$d","family":"$w","revision":$d,"status":"ACTIVE"}}"#),
        E::write("ecs", "UpdateService", r#"{"cluster":"$w","service":"$f","desiredCount":$d,"forceNewDeployment":true}"#, r#"{"service":{"serviceArn":"arn:aws:ecs:$r:$a:service/$w/$f","status":"ACTIVE","desiredCount":$d,"runningCount":$d,"launchType":"FARGATE"}}"#),
        E::write("cloudformation", "CreateChangeSet", r#"{"stackName":"$w-$f","changeSetName":"cdk-deploy-change-set","changeSetType":"UPDATE","capabilities":["CAPABILITY_IAM","CAPABILITY_NAMED_IAM","CAPABILITY_AUTO_EXPAND"],"roleARN":"arn:aws:iam::$a:role/$R","clientToken":"$u"}"#, r#"{"id":"arn:aws:cloudformation:$r:$a:changeSet/cdk-deploy-change-set/$u","stackId":"arn:aws:cloudformation:$r:$a:stack/$w/$u"}"#),
        E::write("ec2", "AuthorizeSecurityGroupIngress", r#"{"groupId":"$g","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.$d.0.0/16","description":"$w"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}"#, r#"{"requestId":"$u","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$a","groupId":"$g","securityGroupRuleId":"sgr-$h","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443}]}}"#),
        E::read("cloudtrail", "LookupEvents", r#"{"startTime":"$T","maxResults":50,"lookupAttributes":[{"attributeKey":"ResourceName","attributeValue":"$R"}]}"#),
        E::read("cloudtrail", "DescribeTrails", r#"{"trailNameList":[],"includeShadowTrails":true}"#),
        E::read("organizations", "ListAccounts", r#"{"maxResults":20}"#),
        E::read("guardduty", "ListFindings", r#"{"detectorId":"$q","findingCriteria":{"criterion":{"service.archived":{"equals":["false"]}}},"maxResults":50}"#),
        E::write("securityhub", "BatchImportFindings", r#"{"findings":[{"schemaVersion":"2018-10-08","id":"arn:aws:securityhub:$r:$a:$u","awsAccountId":"$a","title":"$w","severity":{"label":"LOW"}}]}"#, r#"{"failedCount":0,"failedFindings":[],"successCount":1}"#),
        E::write("sqs", "CreateQueue", r#"{"queueName":"$w-$f","attribute":{"VisibilityTimeout":"30","KmsMasterKeyId":"alias/aws/sqs"}}"#, r#"{"queueUrl":"https://sqs.$r.amazonaws.com/$a/$w-$f"}"#),
        E::write("sns", "Subscribe", r#"{"topicArn":"arn:aws:sns:$r:$a:$w","protocol":"sqs","endpoint":"arn:aws:sqs:$r:$a:$w-$f","returnSubscriptionArn":true}"#, r#"{"subscriptionArn":"arn:aws:sns:$r:$a:$w:$u"}"#),
        E::write("secretsmanager", "RotateSecret", SECRET, r#"{"arn":"arn:aws:secretsmanager:$r:$a:secret:$S","name":"$S","versionId":"$u"}"#),
        E::read("iam", "ListRoles", r#"{"maxItems":1000}"#),
        E::write("iam", "CreatePolicyVersion", r#"{"policyArn":"arn:aws:iam::$a:policy/$w","setAsDefault":true,"policyDocument":"{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n      \"Action\": \"dynamodb:*\",\n      \"Resource\": \"arn:aws:dynamodb:$r:$a:table/$t\"\n    }\n  ]\n}"}"#, r#"{"policyVersion":{"versionId":"v$d","isDefaultVersion":true,"createDate":"$E"}}"#),
        E::read("s3", "GetBucketPolicy", r#"{"bucketName":"$b","Host":"$b.s3.$r.amazonaws.com","policy":""}"#).extra(S3_EXTRA).resources(S3_BUCKET),
        E::read("athena", "GetQueryExecution", r#"{"queryExecutionId":"$u"}"#).answers("null"),
    ]
}
