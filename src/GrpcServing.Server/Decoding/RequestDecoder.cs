using System.Diagnostics.CodeAnalysis;
using GrpcServing.Execution;
using GrpcServing.Models;
using GrpcServing.Routing;

namespace GrpcServing.Decoding;

/// <summary>Compares a request with the model it is for: names, datatypes, shapes, byte counts, parameters.</summary>
/// <remarks>
/// Pure but for the body, whose elements it narrows in place where a datatype has no field of its own width. Any thread. Nothing is
/// allocated in proportion to what a shape claims. Budget: two objects per request of a model with fixed dimensions (three with a
/// choice of outputs), and its id.
/// </remarks>
internal static class RequestDecoder
{
    /// <param name="request">
    /// Remains the caller's to release. Its body moves to <paramref name="decoded"/> on success, and goes back to its pool otherwise.
    /// </param>
    /// <param name="shapes">Of the same model version as <paramref name="spec"/>.</param>
    /// <param name="keepParameters">Whether somebody will look at the request's parameters after this.</param>
    /// <param name="decoded">The caller's, to be released once.</param>
    /// <param name="error">Why the request does not fit, with its id where it has one.</param>
    public static bool TryDecode(
        UncheckedRequest request, ModelSpec spec, ShapeTable shapes, bool keepParameters, [NotNullWhen(true)] out DecodedRequest? decoded, out ServingError error)
    {
        decoded = Decode(request, spec, shapes, keepParameters, out error);
        if (decoded is not null) return true;
        request.ReleaseBody();
        error = Refusals.WithId(error, request.Id);
        return false;
    }

    private static DecodedRequest? Decode(UncheckedRequest request, ModelSpec spec, ShapeTable shapes, bool keepParameters, out ServingError error)
    {
        error = request.Error;
        if (!error.IsNone) return null;
        error = RequestOptions.Read(request.Parameters, spec, out var options);
        if (!error.IsNone) return null;
        error = OutputSelection.Read(request, spec, out var outputs);
        if (!error.IsNone) return null;
        error = InputMatching.Read(request, spec, shapes.Only, out var inputs, out var rowDims, out var rows);
        if (!error.IsNone) return null;

        var bucket = shapes.Only;
        long[][]? ownRowDims = null;
        if (bucket is null)
        {
            bucket = shapes.Fit(rowDims!, out ownRowDims, out var conflict);
            if (bucket is null)
            {
                error = Refusals.DimensionConflict(conflict!, spec);
                return null;
            }
        }
        return new DecodedRequest
        {
            Id = request.Id,
            Bucket = bucket,
            OwnRowDims = ownRowDims,
            Body = request.TakeBody(),
            Inputs = inputs,
            Rows = rows,
            Outputs = outputs,
            Priority = options.Priority,
            TimeoutMicroseconds = options.TimeoutMicroseconds,
            Parameters = keepParameters && request.Parameters.Count > 0 ? [.. request.Parameters.Select(static parameter => parameter.ToKept())] : [],
        };
    }
}
