using GrpcServing.Decoding;

namespace GrpcServing.Tests.Decoding;

public sealed class CallTimeoutTests
{
    [Theory]
    [InlineData("1H", 3_600_000_000)]
    [InlineData("2M", 120_000_000)]
    [InlineData("3S", 3_000_000)]
    [InlineData("25m", 25_000)]
    [InlineData("007u", 7)]
    [InlineData("5000n", 5)]
    [InlineData("99999999S", 99_999_999_000_000)]
    [InlineData("99999999H", 99_999_999_000_000)]
    public void TryRead_WhatTheProtocolKnows_IsRead(string header, long microseconds)
    {
        Assert.True(CallTimeout.TryRead(header, out var timeout));
        Assert.Equal(microseconds, timeout.TotalMicroseconds);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void TryRead_NoHeader_IsNoTimeout(string? header)
    {
        Assert.True(CallTimeout.TryRead(header, out var timeout));
        Assert.Equal(TimeSpan.MaxValue, timeout);
    }

    [Theory]
    [InlineData("0S")]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("1s")]
    [InlineData("123456789S")]
    [InlineData("1S,2S")]
    public void TryRead_AnythingElse_IsNot(string header) => Assert.False(CallTimeout.TryRead(header, out _));
}
