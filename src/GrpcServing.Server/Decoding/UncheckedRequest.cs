using GrpcServing.Execution;

namespace GrpcServing.Decoding;

/// <summary>What the bytes of a request said, before any model was consulted.</summary>
/// <remarks>
/// <para>
/// A front end rents one, fills it (names; inputs, each with its dimensions; elements with <see cref="TryExtend"/>; outputs;
/// parameters), and hands it on. <see cref="RequestDecoder"/> compares it with a model. Whoever has it last calls
/// <see cref="Release"/> once and touches it no more: the object is used again.
/// </para>
/// <para>One thread at a time. 0 bytes per request after the first on a thread, strings apart.</para>
/// </remarks>
internal sealed class UncheckedRequest
{
    /// <summary>Most inputs, most requested outputs and most raw entries: beyond any model, and little memory.</summary>
    public const int MaxTensors = 4096;

    /// <summary>Most dimensions of one input.</summary>
    public const int MaxRank = 64;

    private const int MaxKeptTensors = 64;
    private const int MaxKeptDimensions = 512;

    [ThreadStatic]
    private static UncheckedRequest? _spare;

    private TensorPool? _pool;
    private UncheckedInput[] _inputs = new UncheckedInput[1];
    private UncheckedOutput[] _outputs = new UncheckedOutput[1];
    private BodySlice[] _rawContents = new BodySlice[1];
    private long[] _dimensions = new long[8];
    private int _dimensionCount;

    private UncheckedRequest()
    {
    }

    /// <summary>Not <see cref="ServingError.None"/>: the bytes could not be read. The rest is then what had been read before.</summary>
    public ServingError Error { get; private set; }

    public string ModelName { get; set; } = "";

    /// <summary>"" = not named.</summary>
    public string ModelVersion { get; set; } = "";

    /// <summary>"" = none.</summary>
    public string Id { get; set; } = "";

    public int InputCount { get; private set; }

    public int OutputCount { get; private set; }

    public int RawContentsCount { get; private set; }

    /// <summary>Set with <see cref="UncheckedParameter.TryPut"/>.</summary>
    public List<UncheckedParameter> Parameters { get; } = [];

    public Span<UncheckedInput> Inputs => _inputs.AsSpan(0, InputCount);

    public Span<UncheckedOutput> Outputs => _outputs.AsSpan(0, OutputCount);

    /// <summary>Elements that came apart from their inputs: entry i belongs to input i.</summary>
    public ReadOnlySpan<BodySlice> RawContents => _rawContents.AsSpan(0, RawContentsCount);

    /// <summary>The bytes of all elements; null while there are none.</summary>
    public TensorBuffer? Body { get; private set; }

    /// <summary>Bytes of <see cref="Body"/> in use.</summary>
    public int BodyLength { get; private set; }

    /// <summary>An empty request, the caller's until <see cref="Release"/>. Its body will be rented from <paramref name="pool"/>.</summary>
    public static UncheckedRequest Rent(TensorPool pool)
    {
        var request = _spare ?? new UncheckedRequest();
        _spare = null;
        request._pool = pool;
        return request;
    }

    /// <summary>Adds an input without dimensions and elements.</summary>
    /// <returns>To be filled; valid until the next input is added. At most <see cref="MaxTensors"/> may be added.</returns>
    public ref UncheckedInput AddInput()
    {
        if (InputCount == _inputs.Length) Array.Resize(ref _inputs, InputCount * 2);
        ref var input = ref _inputs[InputCount++];
        input = new UncheckedInput { Name = "", Datatype = "", FirstDimension = _dimensionCount };
        return ref input;
    }

    /// <summary>Adds a dimension to the input added last.</summary>
    /// <returns>False when it has <see cref="MaxRank"/> already.</returns>
    public bool TryAddDimension(long dimension)
    {
        ref var input = ref _inputs[InputCount - 1];
        if (input.Rank == MaxRank) return false;
        if (_dimensionCount == _dimensions.Length) Array.Resize(ref _dimensions, _dimensionCount * 2);
        _dimensions[_dimensionCount++] = dimension;
        input.Rank++;
        return true;
    }

    public ReadOnlySpan<long> Shape(in UncheckedInput input) => _dimensions.AsSpan(input.FirstDimension, input.Rank);

    /// <returns>To be filled; valid until the next output is added. At most <see cref="MaxTensors"/> may be added.</returns>
    public ref UncheckedOutput AddOutput()
    {
        if (OutputCount == _outputs.Length) Array.Resize(ref _outputs, OutputCount * 2);
        ref var output = ref _outputs[OutputCount++];
        output = new UncheckedOutput { Name = "" };
        return ref output;
    }

    /// <summary>Names part of the body as the elements of the next input. At most <see cref="MaxTensors"/> may be added.</summary>
    public void AddRawContents(BodySlice slice)
    {
        if (RawContentsCount == _rawContents.Length) Array.Resize(ref _rawContents, RawContentsCount * 2);
        _rawContents[RawContentsCount++] = slice;
    }

    /// <summary>Lengthens the body.</summary>
    /// <param name="bytes">How many bytes the caller is about to write.</param>
    /// <param name="region">Where; content undefined. Valid until the next call.</param>
    /// <param name="expected">Bytes in all that are likely still to come, these included, when the caller knows: saves moving them later.</param>
    /// <returns>False when the body would be larger than a tensor may be (2 GiB); nothing has changed then.</returns>
    public bool TryExtend(int bytes, out Span<byte> region, long expected = 0)
    {
        region = default;
        if (bytes == 0) return true;
        var needed = (long)BodyLength + bytes;
        if (needed > Array.MaxLength) return false;
        if (Body is null || needed > Body.Capacity) Grow(needed, expected);
        region = Body!.Slice(BodyLength, bytes);
        BodyLength = (int)needed;
        return true;
    }

    /// <summary>Lets go of the elements and says why the request cannot be served.</summary>
    public void Fail(ServingError error)
    {
        Error = error;
        ReleaseBody();
    }

    /// <summary>Hands the body and its reference to the caller; the request no longer has one.</summary>
    public TensorBuffer TakeBody()
    {
        var body = Body ?? _pool!.Rent(0);
        Body = null;
        BodyLength = 0;
        return body;
    }

    /// <summary>Gives the body back to its pool, unless it was taken.</summary>
    public void ReleaseBody()
    {
        Body?.Release();
        Body = null;
        BodyLength = 0;
    }

    /// <summary>Gives up the request: the body, unless it was taken, and the object.</summary>
    public void Release()
    {
        ReleaseBody();
        _pool = null;
        if (_spare is not null || _inputs.Length > MaxKeptTensors || _outputs.Length > MaxKeptTensors ||
            _rawContents.Length > MaxKeptTensors || _dimensions.Length > MaxKeptDimensions) return;
        Inputs.Clear();
        Outputs.Clear();
        Parameters.Clear();
        InputCount = OutputCount = RawContentsCount = _dimensionCount = 0;
        ModelName = ModelVersion = Id = "";
        Error = ServingError.None;
        _spare = this;
    }

    private void Grow(long needed, long expected)
    {
        var wanted = Body is null ? Math.Max(needed, expected) : Math.Max(needed, 2L * Body.Capacity);
        var grown = _pool!.Rent((int)Math.Min(wanted, Array.MaxLength));
        Body?.Slice(0, BodyLength).CopyTo(grown.GetSpan());
        Body?.Release();
        Body = grown;
    }
}
