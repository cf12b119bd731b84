using Microsoft.Net.Http.Headers;
using OpenTelemetry.Exporter;

namespace GrpcServing.Telemetry;

/// <summary>The connection to a collector.</summary>
internal static class OtlpClient
{
    /// <summary>A collector answers with a few bytes, or with why not.</summary>
    private const int MaxAnswerBytes = 1 << 20;

    /// <summary>Options of an exporter to this target. Certificates come from the environment, where the SDK reads them.</summary>
    public static OtlpExporterOptions Options(OtlpTarget target, Delivery delivery)
    {
        var options = new OtlpExporterOptions
        {
            Endpoint = target.Endpoint,
            Protocol = target.Protocol,
            Headers = target.Headers,
            TimeoutMilliseconds = target.TimeoutMilliseconds,
            Compression = target.Compression,
        };
        if (!target.HasCertificates)
            options.HttpClientFactory = () => new HttpClient(new ProblemNote(delivery)) { Timeout = TimeSpan.FromMilliseconds(target.TimeoutMilliseconds), MaxResponseContentBufferSize = MaxAnswerBytes };
        return options;
    }

    /// <summary>Notes why a request failed: the exporter itself says only that it did.</summary>
    private sealed class ProblemNote(Delivery delivery) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                return Note(base.Send(request, cancellationToken));
            }
            catch (Exception failure)
            {
                Note(failure);
                throw;
            }
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            try
            {
                var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
                // gRPC says how it went in the trailers, which come with the end of the content.
                await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken).ConfigureAwait(false);
                return Note(response);
            }
            catch (Exception failure)
            {
                Note(failure);
                throw;
            }
        }

        private HttpResponseMessage Note(HttpResponseMessage response)
        {
            if (!response.IsSuccessStatusCode) delivery.Problem = $"it answers HTTP status {(int)response.StatusCode}";
            else if (Header(response, HeaderNames.GrpcStatus) is { } status && status != "0") delivery.Problem = $"it answers gRPC status {status} {Header(response, HeaderNames.GrpcMessage)}".TrimEnd();
            return response;
        }

        private void Note(Exception failure) => delivery.Problem = failure is OperationCanceledException ? "it does not answer in time" : failure.Message;

        private static string? Header(HttpResponseMessage response, string name) =>
            response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;
    }
}
