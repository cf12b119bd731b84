using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using GrpcServing.Protos;

namespace GrpcServing.IntegrationTests.Hosting;

/// <summary>The handwritten digits that the bundled models were not trained on.</summary>
internal static class Digits
{
    public const int Pixels = 64;

    private static readonly (int Label, float[] Image)[] HeldOut = Read();

    public static int Count => HeldOut.Length;

    public static int Label(int index) => HeldOut[index].Label;

    public static float[] Image(int index) => HeldOut[index].Image;

    /// <summary>A request for rows [first, first + rows).</summary>
    /// <param name="version">"" for the newest.</param>
    public static ModelInferRequest Request(int first, int rows = 1, string version = "")
    {
        var image = new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "FP32", Shape = { rows, Pixels } };
        var raw = new byte[rows * Pixels * sizeof(float)];
        for (var row = 0; row < rows; row++) MemoryMarshal.AsBytes<float>(Image(first + row)).CopyTo(raw.AsSpan(row * Pixels * sizeof(float)));
        return new ModelInferRequest
        {
            ModelName = "digits",
            ModelVersion = version,
            Id = first.ToString(CultureInfo.InvariantCulture),
            Inputs = { image },
            RawInputContents = { UnsafeByteOperations.UnsafeWrap(raw) },
        };
    }

    /// <summary>The request with a pixel too few in its shape.</summary>
    public static ModelInferRequest Misshapen(this ModelInferRequest request)
    {
        request.Inputs[0].Shape[1] = Pixels - 1;
        return request;
    }

    /// <summary>The digit that each row of the response is most likely.</summary>
    public static int[] Answers(ModelInferResponse response)
    {
        var probabilities = Probabilities(response);
        var answers = new int[probabilities.Length / 10];
        for (var row = 0; row < answers.Length; row++)
        {
            var ten = probabilities.AsSpan(row * 10, 10);
            answers[row] = ten.IndexOf(ten.ToArray().Max());
        }
        return answers;
    }

    public static float[] Probabilities(ModelInferResponse response) => MemoryMarshal.Cast<byte, float>(response.RawOutputContents[0].Span).ToArray();

    /// <summary>The answers are the same up to the rounding of a matrix product that sums in another order.</summary>
    public static bool AreEqual(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        if (left.Length != right.Length) return false;
        for (var i = 0; i < left.Length; i++)
            if (!(MathF.Abs(left[i] - right[i]) <= 1e-6f)) return false;
        return true;
    }

    private static (int Label, float[] Image)[] Read() =>
    [
        .. File.ReadLines(Path.Combine(TestPaths.Root, "src", "GrpcServing.Server", "Examples", "digits-heldout.csv")).Skip(1)
            .Select(static line => line.Split(',').Select(static cell => float.Parse(cell, CultureInfo.InvariantCulture)).ToArray())
            .Select(static cells => ((int)cells[0], cells[1..])),
    ];
}
