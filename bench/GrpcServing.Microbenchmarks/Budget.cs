using GrpcServing.Microbenchmarks.Admission;
using GrpcServing.Microbenchmarks.Batching;
using GrpcServing.Microbenchmarks.Decoding;
using GrpcServing.Microbenchmarks.Endpoints;
using GrpcServing.Microbenchmarks.Execution;
using GrpcServing.Microbenchmarks.Responding;
using GrpcServing.Microbenchmarks.Routing;
using GrpcServing.Microbenchmarks.Shadowing;
using GrpcServing.Models;

namespace GrpcServing.Microbenchmarks;

/// <summary>The most managed bytes that an operation of a path may allocate once everything is warm.</summary>
/// <param name="Bytes">What the design promises, or else what is allocated today: lower it when you lower the cost.</param>
/// <param name="IsAsync">Counted over async methods, whose state is an object more where the code is not optimised.</param>
internal sealed record Budget(string Path, int Bytes, Func<MeasuredPath> Create, bool IsAsync = false)
{
    public static IReadOnlyList<Budget> All { get; } =
    [
        // The request and the slices of its one input, whatever its size.
        new("decoding: a request of 256 B", 120, static () => new DecodePath(Specs.Dense(64, 10), Messages.Raw(64))),
        new("decoding: a request of 256 B with an id", 168, static () => new DecodePath(Specs.Dense(64, 10), Messages.Raw(64, "0123456789"))),
        new("decoding: a request of 256 B in typed contents", 120, static () => new DecodePath(Specs.Dense(64, 10), Messages.Typed(64))),
        new("decoding: a request of 4 MB", 120, static () => new DecodePath(Specs.Dense(1 << 20, 10), Messages.Raw(1 << 20))),
        new("routing: the newest version", 0, static () => new RoutePath("")),
        new("routing: a named version", 0, static () => new RoutePath("1")),
        new("admission: one request", 0, static () => new AdmitPath()),
        new("batching: a decision, policy deadline", 0, static () => new DecisionPath(BatchPolicyKind.Deadline)),
        new("batching: a decision, policy greedy", 0, static () => new DecisionPath(BatchPolicyKind.Greedy)),
        new("batching: submit to answer, 1 caller", 376, static () => new AnswerPath(1), IsAsync: true),
        new("batching: submit to answer, 64 callers", 424, static () => new AnswerPath(64), IsAsync: true),
        new("execution: a run of 1 row", 0, static () => new RunPath(1)),
        new("execution: a run of 64 rows", 0, static () => new RunPath(64)),
        new("responding: 40 B", 88, static () => new RespondPath(10)),
        new("responding: 4 MB", 88, static () => new RespondPath(1 << 20)),
        // The copy, its run and the pair; what is published for readers besides.
        new("shadowing: mirror to comparison", 960, static () => new MirrorPath(), IsAsync: true),
        // The design promises 1.2 KB a request: Kestrel takes another 300 B.
        new("endpoints: a call, 1 caller", 760, static () => new CallPath(1), IsAsync: true),
        new("endpoints: a call, 64 callers", 808, static () => new CallPath(64), IsAsync: true),
        new("endpoints: a call with a deadline, 64 callers", 808, static () => new CallPath(64, "10S"), IsAsync: true),
    ];
}
