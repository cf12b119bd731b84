using System.Security.Cryptography;

namespace GrpcServing.Models;

/// <summary>Which file a version was loaded from: what a report names, so that nobody promotes another one.</summary>
/// <param name="Sha256">In lower-case hexadecimal.</param>
public sealed record ModelFileFacts(string Sha256, long Bytes)
{
    /// <summary>Reads the whole file: some 0.7 s for a gigabyte. Blocking.</summary>
    public static ModelFileFacts Of(string path)
    {
        using var file = File.OpenRead(path);
        return new ModelFileFacts(Convert.ToHexStringLower(SHA256.HashData(file)), file.Length);
    }
}
