//! User agents as programs send them. `~` is a digit that each principal draws for itself.

use crate::rng::Rng;

/// Browsers and the consoles' own backends.
pub(crate) const CONSOLE: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/13~.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/1~.~ Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:13~.0) Gecko/20100101 Firefox/13~.0",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.7~~ Linux/5.10.2~~-2~~.9~~.amzn2int.x86_64 OpenJDK_64-Bit_Server_VM/25.4~~-b08 java/1.8.0_4~~ vendor/Oracle_Corporation cfg/retry-mode/standard]",
    "AWS Internal",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/13~.0.0.0 Safari/537.36 Edg/13~.0.~~~~.~~",
];

/// What people run in terminals.
pub(crate) const TERMINAL: [&str; 6] = [
    "aws-cli/2.2~.~~ md/awscrt#0.2~.~ ua/2.1 os/macos#24.~.0 md/arch#arm64 lang/python#3.13.~ md/pyimpl#CPython m/b,Z,z,E,n cfg/retry-mode#standard md/installer#exe sid/~~~~~~~~ md/prompt#off md/command#ec2.describe-instances",
    "aws-cli/2.1~.~~ md/awscrt#0.2~.~ ua/2.0 os/linux#6.8.0-~~-generic md/arch#x86_64 lang/python#3.12.~ md/pyimpl#CPython cfg/retry-mode#standard md/installer#source md/prompt#off md/command#sts.get-caller-identity",
    "APN/1.0 HashiCorp/1.0 Terraform/1.1~.~ (+https://www.terraform.io) terraform-provider-aws/5.~~.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.3~.~ ua/2.1 os/macos lang/go#1.23.~ md/GOOS#darwin md/GOARCH#arm64 api/ec2#1.2~~.0",
    "Boto3/1.3~.~~ md/Botocore#1.3~.~~ ua/2.0 os/macos#24.~.0 md/arch#arm64 lang/python#3.12.~ md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.3~.~~",
    "aws-toolkit-vscode/3.~~.0 Visual-Studio-Code/1.9~.~ ClientId/~~~~~~~~-~~~~-4~~~-9~~~-~~~~~~~~~~~~ aws-sdk-js/3.6~~.0 ua/2.0 os/linux lang/js md/nodejs#20.1~.0",
    "aws-sdk-nodejs/2.16~~.0 linux/v20.1~.~ callback exec-env/CloudShell",
];

/// What machines run.
pub(crate) const MACHINE: [&str; 14] = [
    "Boto3/1.3~.~~ md/Botocore#1.3~.~~ ua/2.0 os/linux#5.10.2~~-2~~.9~~.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.~ md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 cfg/retry-mode#legacy Botocore/1.3~.~~",
    "aws-sdk-go-v2/1.3~.~ ua/2.1 os/linux lang/go#1.23.~ md/GOOS#linux md/GOARCH#amd64 api/ec2#1.1~~.0 m/E,e",
    "aws-sdk-java/2.2~.~~ md/io#async md/http#NettyNio ua/2.1 os/Linux#6.1.1~~-1~~.2~~.amzn2023.x86_64 lang/java#21.0.~ md/OpenJDK_64-Bit_Server_VM#21.0.~+~-LTS md/vendor#Amazon.com_Inc. md/en exec-env/AWS_ECS_FARGATE m/D,N",
    "aws-sdk-rust/1.3.~ ua/2.1 api/dynamodb/1.7~.0 os/linux lang/rust/1.8~.0 md/http#hyper-1.x m/E,b",
    "APN/1.0 HashiCorp/1.0 Terraform/1.1~.~ (+https://www.terraform.io) terraform-provider-aws/5.~~.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.3~.~ ua/2.1 os/linux lang/go#1.23.~ md/GOOS#linux md/GOARCH#amd64 api/iam#1.3~.~ github-actions",
    "aws-sdk-js/3.7~~.0 ua/2.1 os/linux#5.10.2~~-2~~.9~~.amzn2.x86_64 lang/js md/nodejs#22.~.0 api/s3#3.7~~.0 exec-env/AWS_Lambda_nodejs22.x m/E,n",
    "aws-sdk-go/1.55.~ (go1.22.~; linux; amd64) kubernetes/v1.3~.~ karpenter.sh-v1.~.~",
    "cluster-autoscaler/v1.3~.~ aws-sdk-go/1.50.~~ (go1.22.~; linux; arm64)",
    "vector/0.4~.0 aws-sdk-rust/1.3.~ os/linux lang/rust/1.8~.0",
    "amazon-ssm-agent/3.3.~~~~.0 aws-sdk-go/1.55.~ (go1.22.~; linux; amd64) amazon-ssm-agent/",
    "Hadoop 3.3.6-amzn-~, aws-sdk-java/1.12.7~~ Linux/6.1.~~-1~~.1~~.amzn2023.x86_64 OpenJDK_64-Bit_Server_VM/17.0.1~+~-LTS java/17.0.1~ scala/2.12.18 vendor/Amazon.com_Inc. cfg/retry-mode/legacy ElasticMapReduce/emr-7.~.0 cloud/aws",
    "CloudWatchAgent/1.3000~~.~b~~~ (go1.23.~; linux; amd64) aws-sdk-go/1.55.~ ID/~~~~~~~~-~~~~-4~~~-9~~~-~~~~~~~~~~~~ inputs:(cpu disk mem net) outputs:(cloudwatch)",
    "datadog/1.0 Boto3/1.3~.~~ md/Botocore#1.3~.~~ ua/2.0 os/linux#4.14.3~~-2~~.5~~.amzn2.x86_64 md/arch#x86_64 lang/python#3.11.~ md/pyimpl#CPython cfg/retry-mode#adaptive",
    "aws-sdk-php/3.3~~.~ ua/2.1 os/Linux#6.1.1~~-1~~.2~~.amzn2023.x86_64 lang/php#8.3.~ GuzzleHttp/7 cfg/retry-mode#legacy m/D",
];

/// The services that call on their own account.
pub(crate) const SERVICES: [&str; 8] = [
    "cloudtrail.amazonaws.com",
    "lambda.amazonaws.com",
    "delivery.logs.amazonaws.com",
    "ec2.amazonaws.com",
    "ecs-tasks.amazonaws.com",
    "config.amazonaws.com",
    "events.amazonaws.com",
    "states.amazonaws.com",
];

/// Draws the digits of a user agent.
pub(crate) fn versioned(pattern: &str, rng: &mut Rng) -> String {
    let digit = |letter| match letter {
        '~' => char::from(b'0' + rng.below(10) as u8),
        other => other,
    };
    pattern.chars().map(digit).collect()
}
