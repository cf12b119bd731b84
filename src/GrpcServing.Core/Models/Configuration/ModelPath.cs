namespace GrpcServing.Models;

/// <summary>File names that a configuration gives.</summary>
internal static class ModelPath
{
    /// <summary>True for a relative path that stays below where it starts: configuration never reaches out of its model's directory.</summary>
    public static bool IsInside(string path) =>
        path.Length > 0 && !path.Contains('\0') && !path.Contains('\\') && !Path.IsPathRooted(path)
        && path.Split('/').All(static part => part is not ("" or "." or ".."));
}
