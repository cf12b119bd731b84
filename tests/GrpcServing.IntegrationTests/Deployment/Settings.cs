using GrpcServing.Hosting;
using GrpcServing.IntegrationTests.Hosting;
using GrpcServing.Telemetry;
using Microsoft.Extensions.Configuration;

namespace GrpcServing.IntegrationTests.Deployment;

/// <summary>Whether what a manifest sets is a setting of the server, asked of the server's own reader.</summary>
internal static class Settings
{
    /// <param name="variables">Names as in the environment, <c>Serving__X</c>. The model repository is replaced by one that exists here.</param>
    public static ServingOptions ReadValid(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var values = variables.ToDictionary(static variable => variable.Key.Replace("__", ":", StringComparison.Ordinal), static variable => (string?)variable.Value);
        Assert.All(values.Keys, static key => Assert.True(key.StartsWith("Serving:", StringComparison.Ordinal) || key.StartsWith("OTEL_", StringComparison.Ordinal), $"{key} is no setting"));
        values["Serving:ModelRepository"] = TestPaths.Examples;

        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var options = ServingOptions.Read(configuration, out var errors);

        Assert.Empty(errors);
        Assert.Empty(OtelSettings.Read(configuration).Warnings);
        return options;
    }
}
