package policy

// KindApprovalPolicy is the kind of documents that say who decides together. Its type stands in domain/approval.
const KindApprovalPolicy = "ApprovalPolicy"
