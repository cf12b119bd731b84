using System.Buffers;
using System.Globalization;
using GrpcServing.Decoding;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Responding;
using GrpcServing.Routing;
using GrpcServing.Telemetry;

namespace GrpcServing.Endpoints;

/// <summary>POST .../infer: JSON, the binary tensor extension, and the raw single-input form of it.</summary>
internal sealed class RestInferenceEndpoint(InferencePipeline pipeline, Router router, TensorPool pool, RestBody bodies, RestErrors errors, ServingMetrics metrics, CallTracing? tracing = null)
{
    /// <summary>Bytes of JSON before the tensors; 0 = the whole body is the model's one input.</summary>
    public const string HeaderLength = "Inference-Header-Content-Length";

    public async Task InferAsync(HttpContext http)
    {
        var trace = tracing?.BeginRest(http);
        var model = RestRoutes.Model(http);
        var version = RestRoutes.Version(http);
        var (body, length) = await ReadAsync(http).ConfigureAwait(false);
        trace?.Decoding();

        var outputs = new BinaryOutputs();
        UncheckedRequest request;
        try
        {
            request = Parse(http, body.GetSpan()[..length], model, version, outputs);
        }
        finally
        {
            body.Release();
        }

        var (response, error) = await pipeline.RunAsync(request, long.MaxValue, trace, http.RequestAborted).ConfigureAwait(false);
        if (response is null)
        {
            await errors.WriteAsync(http, error).ConfigureAwait(false);
            return;
        }
        try
        {
            await WriteAsync(http, response, outputs).ConfigureAwait(false);
        }
        finally
        {
            response.Release();
        }
    }

    private async Task<(TensorBuffer Body, int Length)> ReadAsync(HttpContext http)
    {
        try
        {
            return await bodies.ReadAsync(http).ConfigureAwait(false);
        }
        catch
        {
            metrics.Unread(http.RequestAborted.IsCancellationRequested);
            throw;
        }
    }

    private UncheckedRequest Parse(HttpContext http, ReadOnlySpan<byte> body, string model, string version, BinaryOutputs outputs)
    {
        var request = UncheckedRequest.Rent(pool);
        request.ModelName = model;
        request.ModelVersion = version;
        var header = http.Request.Headers[HeaderLength].ToString();
        if (header.Length == 0)
        {
            JsonRequestReader.Read(request, body, default, outputs);
        }
        else if (!int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var jsonLength) || jsonLength > body.Length)
        {
            request.Fail(ServingError.Invalid($"header {HeaderLength} ({header}) must be a number of bytes from 0 to the length of the body ({body.Length})"));
        }
        else if (jsonLength == 0)
        {
            ReadRaw(request, body, outputs);
        }
        else
        {
            JsonRequestReader.Read(request, body[..jsonLength], body[jsonLength..], outputs);
        }
        return request;
    }

    /// <summary>The body is the one input of the model, one row of it; every output comes back as bytes.</summary>
    private void ReadRaw(UncheckedRequest request, ReadOnlySpan<byte> body, BinaryOutputs outputs)
    {
        outputs.All = true;
        // An unknown model is the pipeline's to refuse.
        if (!router.TryFind(request.ModelName, request.ModelVersion, out var found).IsNone) return;
        var spec = found!.Spec;
        if (spec.Inputs is not [var only])
        {
            request.Fail(ServingError.Invalid($"{HeaderLength}: 0 sends the one input of a model as the body, but model '{spec.Name}' has {spec.Inputs.Length} inputs"));
            return;
        }
        var isText = only.DataType == TensorDataType.Bytes;
        var open = only.Dims.Count(static dim => dim == -1);
        var known = only.Dims.Where(static dim => dim != -1).Aggregate(isText ? 1L : only.DataType.ElementSize(), static (product, dim) => product * dim);
        if (open > 1 || (open == 1 && (isText || known == 0 || body.Length % known != 0)))
        {
            request.Fail(ServingError.Invalid($"{HeaderLength}: 0 cannot tell the shape of input '{only.Name}' of model '{spec.Name}' from {body.Length} bytes; send JSON with the shape"));
            return;
        }
        ref var input = ref request.AddInput();
        input.Name = only.Name;
        input.Datatype = only.DataType.Name();
        if (spec.HasBatchAxis) request.TryAddDimension(1);
        foreach (var dim in only.Dims) request.TryAddDimension(dim == -1 ? body.Length / known : dim);
        if (isText) AppendText(request, ref input, body);
        else JsonRequestReader.Append(request, ref input, body);
    }

    /// <summary>A raw body of a text model is one string.</summary>
    private static void AppendText(UncheckedRequest request, ref UncheckedInput input, ReadOnlySpan<byte> text)
    {
        var element = new byte[sizeof(uint) + text.Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(element, (uint)text.Length);
        text.CopyTo(element.AsSpan(sizeof(uint)));
        JsonRequestReader.Append(request, ref input, element);
    }

    private async Task WriteAsync(HttpContext http, InferenceResponse response, BinaryOutputs outputs)
    {
        var json = new ArrayBufferWriter<byte>();
        var binary = new ArrayBufferWriter<byte>();
        var error = JsonResponseWriter.Write(response, outputs, json, binary);
        if (!error.IsNone)
        {
            await errors.WriteAsync(http, error).ConfigureAwait(false);
            return;
        }
        var isBinary = outputs.All == true || outputs.ByName.ContainsValue(true);
        http.Response.ContentType = isBinary ? "application/octet-stream" : "application/json";
        if (isBinary) http.Response.Headers[HeaderLength] = json.WrittenCount.ToString(CultureInfo.InvariantCulture);
        await RestCoding.WriteAsync(http, json.WrittenMemory, binary.WrittenMemory).ConfigureAwait(false);
    }
}
