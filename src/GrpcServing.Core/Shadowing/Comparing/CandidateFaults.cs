namespace GrpcServing.Shadowing;

/// <summary>What makes a candidate's answer unusable where the primary's is fine. A faulted pair also disagrees, in every row.</summary>
[Flags]
internal enum CandidateFaults : byte
{
    None = 0,
    /// <summary>The candidate answered with an error, the primary did not.</summary>
    ErrorStatus = 1,
    /// <summary>An output that the primary gave is missing.</summary>
    MissingOutput = 2,
    /// <summary>An output has another datatype.</summary>
    DataType = 4,
    /// <summary>An output has another shape, or its bytes do not make up its shape.</summary>
    Shape = 8,
    /// <summary>NaN or infinity where the primary has a number. Only the rows that hold one disagree.</summary>
    NonFinite = 16,
}
