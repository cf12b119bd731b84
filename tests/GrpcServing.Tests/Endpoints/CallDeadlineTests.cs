using System.IO.Pipelines;
using GrpcServing.Endpoints;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;

namespace GrpcServing.Tests.Endpoints;

public sealed class CallDeadlineTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _body = new();
    private readonly DefaultHttpContext _http = new();

    public CallDeadlineTests()
    {
        _http.Features.Set<IPersistentStateFeature>(new KeptState());
        _http.Features.Set<IRequestBodyPipeFeature>(new BodyPipe(_body.Reader));
    }

    [Fact]
    public async Task Start_DeadlinePasses_EndsTheReadThatWaits()
    {
        var deadline = Start(TimeSpan.FromMilliseconds(20.5));
        var reading = _body.Reader.ReadAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.False(reading.IsCompleted || deadline.HasPassed);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True((await reading).IsCanceled && deadline.HasPassed);
    }

    [Fact]
    public void Start_LongerThanATimerTakes_WaitsAllTheSame()
    {
        _ = Start(TimeSpan.FromDays(100));
        var reading = _body.Reader.ReadAsync(TestContext.Current.CancellationToken);

        for (var day = 0; day < 99; day++) _time.Advance(TimeSpan.FromDays(1));
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromDays(1));

        Assert.True(reading.IsCompleted);
    }

    [Fact]
    public void Stop_ThenTheDeadlinePasses_NothingEnds()
    {
        var deadline = Start(TimeSpan.FromSeconds(1));
        deadline.Stop();
        var reading = _body.Reader.ReadAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.False(reading.IsCompleted || deadline.HasPassed);
    }

    [Fact]
    public void Start_AgainOnTheSameStream_IsTheSameWithItsNewDeadline()
    {
        var first = Start(TimeSpan.FromSeconds(1));
        first.Stop();
        var second = Start(TimeSpan.FromSeconds(3));
        var reading = _body.Reader.ReadAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(reading.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Same(first, second);
        Assert.True(reading.IsCompleted);
    }

    [Fact]
    public void Waits_DeadlinePasses_TheReaderIsLeftAlone()
    {
        var deadline = Start(TimeSpan.FromSeconds(1));
        deadline.Waits(null);
        var reading = _body.Reader.ReadAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.False(reading.IsCompleted);
    }

    private CallDeadline Start(TimeSpan after) => CallDeadline.Start(_http, _time.GetTimestamp() + (long)(after.TotalSeconds * _time.TimestampFrequency), _time);

    private sealed class KeptState : IPersistentStateFeature
    {
        public IDictionary<object, object?> State { get; } = new Dictionary<object, object?>();
    }

    private sealed record BodyPipe(PipeReader Reader) : IRequestBodyPipeFeature;
}
