using System.Text;
using CsCheck;
using GrpcServing.Decoding;

namespace GrpcServing.Tests.Decoding;

public class NameCacheTests
{
    [Fact]
    public void TryGet_SameNameAgain_IsTheSameString()
    {
        Assert.True(NameCache.TryGet("a_name_of_an_input"u8, out var first));
        Assert.True(NameCache.TryGet("a_name_of_an_input"u8, out var second));

        Assert.Equal("a_name_of_an_input", first);
        Assert.Same(first, second);
    }

    /// <summary>Law: whatever was asked before, a name comes back as what its bytes say.</summary>
    [Fact]
    public void TryGet_AnyNames_AreWhatTheirBytesSay() =>
        Gen.String[0, 80].Array[1, 50].Sample(
            static names =>
            {
                foreach (var name in names)
                {
                    var utf8 = Encoding.UTF8.GetBytes(name); // replaces what is not text
                    Assert.True(NameCache.TryGet(utf8, out var again));
                    Assert.Equal(Encoding.UTF8.GetString(utf8), again);
                }
            });

    [Fact]
    public void TryGet_NotUtf8_IsRefused()
    {
        Assert.False(NameCache.TryGet([0xff], out _));
        Assert.False(NameCache.TryGet([.. new byte[100], 0xc3], out _));
    }
}
